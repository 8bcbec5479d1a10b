using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Net.ServerSentEvents;
using System.Reflection;
using System.Reflection.Metadata;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Sequoia.Native.Tests.Packaging;

/// <summary>What users do first: install the packages, and run the README's code, the samples and the tool.</summary>
internal sealed class PackageTests
{
    /// <summary>The likeliest story of the bundled pair begins so, on every processor and in every kind of program.</summary>
    private const string Likeliest =
        "Once upon a time, there was a little girl named Lily. She loved to play with her toys and eat yummy food. One day, she found a big box in her room.";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1), FirstText = TimeSpan.FromSeconds(5);
    private static readonly string[] Ids = ["Sequoia.Interop", "Sequoia.SoftwareGpu", "Sequoia.Native", "Sequoia.Models.Stories", "Sequoia.Cli"];

    private LocalFeed _feed = null!;

    [OneTimeSetUp]
    public void Pack() => _feed = new LocalFeed();

    [OneTimeTearDown]
    public void Remove() => _feed?.Dispose();

    [TestCaseSource(nameof(Ids))]
    public void A_package_says_what_it_is(string id)
    {
        using ZipArchive package = ZipFile.OpenRead(_feed.Package(id));
        XElement metadata = XDocument.Load(package.GetEntry(id + ".nuspec")!.Open()).Root!.Elements().Single();
        string Said(string name) => metadata.Elements().SingleOrDefault(element => element.Name.LocalName == name)?.Value ?? "";
        using var reader = new StreamReader(package.GetEntry(Said("readme"))!.Open());
        string readme = reader.ReadToEnd();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Said("description"), Has.Length.GreaterThan(30).And.Not.EqualTo("Package Description"));
            Assert.That(Said("tags"), Is.Not.Empty);
            Assert.That(Said("license"), Is.EqualTo("MIT"));
            Assert.That(Said("releaseNotes"), Does.Contain("## "));
            Assert.That(package.GetEntry(Said("icon"))!.Length, Is.InRange(1, 20_000));
            Assert.That(readme, Does.StartWith("# "));
            Assert.That(Regex.Matches(readme, @"\]\((?!https://)"), Is.Empty, "links that lead nowhere outside the repository");
            Assert.That(new FileInfo(_feed.Package(id)).Length, Is.LessThan(32 << 20));
        }
        TestContext.Out.WriteLine($"{id}: {new FileInfo(_feed.Package(id)).Length / 1024:N0} KiB");
    }

    [TestCase("Sequoia.Interop", typeof(Interop.CudaContext))]
    [TestCase("Sequoia.Native", typeof(TextGenerator))]
    public void The_documentation_is_that_of_the_public_members(string id, Type inside)
    {
        using ZipArchive package = ZipFile.OpenRead(_feed.Package(id));
        string[] documented = [.. XDocument.Load(package.GetEntry($"lib/net10.0/{id}.xml")!.Open()).Descendants("member").Select(member => member.Attribute("name")!.Value)];
        Type[] types = inside.Assembly.GetExportedTypes();
        HashSet<string> names = [.. types.Select(type => "T:" + Name(type)), .. types.SelectMany(type => type
            .GetMembers(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly)
            .Where(IsVisible).Select(member => $"{Name(type)}.{member.Name.Replace('.', '#')}"))];
        string[] internals = [.. documented.Where(name => !names.Contains(name.StartsWith("T:", StringComparison.Ordinal) ? name : Regex.Replace(name[2..], @"(``\d+)?(\(.*)?$", "")))];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(internals.Take(5), Is.Empty);
            Assert.That(documented.Where(name => name.StartsWith("T:", StringComparison.Ordinal)), Has.Exactly(types.Length).Items);
        }

        static string Name(Type type) => type.FullName!.Replace('+', '.');

        static bool IsVisible(MemberInfo member) => member switch
        {
            MethodBase method => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly,
            FieldInfo field => field.IsPublic || field.IsFamily || field.IsFamilyOrAssembly,
            PropertyInfo property => property.GetAccessors(true).Any(IsVisible),
            EventInfo happening => IsVisible(happening.AddMethod!),
            _ => false,
        };
    }

    [TestCase("Sequoia.Interop")]
    [TestCase("Sequoia.SoftwareGpu")]
    [TestCase("Sequoia.Native")]
    public void The_symbols_carry_their_sources(string id)
    {
        using ZipArchive symbols = ZipFile.OpenRead(Path.ChangeExtension(_feed.Package(id), ".snupkg"));
        using var bytes = new MemoryStream();
        symbols.GetEntry($"lib/net10.0/{id}.pdb")!.Open().CopyTo(bytes);
        bytes.Position = 0;
        using MetadataReaderProvider provider = MetadataReaderProvider.FromPortablePdbStream(bytes);
        MetadataReader reader = provider.GetMetadataReader();
        // The kind of debug information that holds a source file, by the portable PDB's specification.
        var source = new Guid("0E8A571B-6926-466E-B4AD-8AB04611F5FE");
        IEnumerable<string> without = reader.Documents
            .Where(document => !reader.GetCustomDebugInformation(document).Any(handle => reader.GetGuid(reader.GetCustomDebugInformation(handle).Kind) == source))
            .Select(document => reader.GetString(reader.GetDocument(document).Name));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(reader.Documents, Is.Not.Empty);
            Assert.That(without, Is.Empty);
        }
    }

    [Test]
    public void The_readmes_code_runs_in_a_fresh_project_that_installs_the_package()
    {
        string project = _feed.NewFolder("app");
        File.WriteAllText(Path.Combine(project, "app.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <Nullable>enable</Nullable>
                <ImplicitUsings>enable</ImplicitUsings>
                <InvariantGlobalization>true</InvariantGlobalization>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="Sequoia.Native" Version="{LocalFeed.Version}" />
              </ItemGroup>
            </Project>
            """);
        string readme = File.ReadAllText(Path.Combine(Repository.Root, "README.md"));
        File.WriteAllText(Path.Combine(project, "Program.cs"), Regex.Match(readme, "```csharp\n(.*?)```", RegexOptions.Singleline).Groups[1].Value);
        _feed.Dotnet(project, "build", "-c", "Release", "-warnaserror", "-o", "out");
        // Run at the checkout's root, where the README's model folders are.
        string output = _feed.Dotnet(Repository.Root, Path.Combine(project, "out", "app.dll"));
        Assert.That(output, Does.Match(@"\w+ \w+ \w+").And.Match(@"\d+ tokens/s, \d\.\d\d tokens a step"));
    }

    [TestCase("Console")]
    [TestCase("FSharp")]
    public void A_program_tells_the_story_at_its_first_start(string sample) => MustTellTheStory(_feed.Build(sample));

    [Test]
    public void A_trimmed_single_file_tells_the_story()
    {
        _feed.NeedTools("PublishTrimmed");
        MustTellTheStory(_feed.Publish("Console", "-p:PublishTrimmed=true", "-p:PublishSingleFile=true", "--self-contained", "--use-current-runtime"));
    }

    [Test]
    public void A_program_published_ahead_of_time_uses_vectors_and_writes_json()
    {
        _feed.NeedTools("PublishAot");
        string program = _feed.Publish("Aot");
        JsonNode[] chunks = [.. Output(program).TrimEnd().Split('\n').Select(line => JsonNode.Parse(line)!)];
        using (Assert.EnterMultipleScope())
        {
            Assert.That("Once upon a time" + string.Concat(chunks.Select(chunk => (string)chunk["Text"]!)), Does.StartWith(Likeliest));
            Assert.That((string)chunks[^1]["Stats"]!["FinishReason"]!, Is.EqualTo("Length"));
            Assert.That(chunks[^1]["Stats"]!["Tree"]!["parents"]!.AsArray(), Has.Count.GreaterThan(1));
            if (System.Runtime.Intrinsics.X86.Avx2.IsSupported)
                Assert.That((string)chunks[^1]["Stats"]!["Device"]!, Does.Contain("avx2"), "the package's targets choose x86-64-v3");
        }
        TestContext.Out.WriteLine($"{new FileInfo(program).Length / 1024:N0} KiB, {chunks[^1]["Stats"]!["TokensPerSecond"]} tokens/s");
    }

    [Test]
    public void A_kernel_runs_on_the_software_gpu()
    {
        _ = NeededLibraries.Compiler();
        string output = Output(_feed.Build("KernelLab"), (Interop.LibrarySearch.FolderVariable, Path.Combine(Repository.Root, "out", "nvrtc", "usr", "lib", "x86_64-linux-gnu")));
        Assert.That(output, Does.StartWith("Row 0 sums to 1.0000.\n0 findings.\n").And.Contain("64 blocks of 256 threads"));
    }

    [Test]
    public async Task A_web_application_streams_events_and_stops_for_clients_that_leave()
    {
        using Process server = Start(_feed.Build("WebSse"), ["--urls", "http://127.0.0.1:0"]);
        try
        {
            Match listening = await Line(server, "Now listening on: (http://[^ ]+)");
            using var client = new HttpClient { BaseAddress = new Uri(listening.Groups[1].Value), Timeout = Patience };
            List<SseItem<string>> events = [];
            using (Stream told = await client.GetStreamAsync("/tell?prompt=Once+upon+a+time&temperature=0&maxTokens=60"))
            {
                await foreach (SseItem<string> item in SseParser.Create(told).EnumerateAsync())
                    events.Add(item);
            }
            using (Assert.EnterMultipleScope())
            {
                Assert.That("Once upon a time" + string.Concat(events.Select(item => (string)JsonNode.Parse(item.Data)!["text"]!)), Does.StartWith(Likeliest));
                Assert.That(events.Select(item => item.EventType).SkipLast(1), Has.All.EqualTo("chunk"));
                Assert.That(events[^1].EventType, Is.EqualTo("end"));
                Assert.That((int)JsonNode.Parse(events[^1].Data)!["stats"]!["tokenCount"]!, Is.EqualTo(60));
            }
            await Line(server, "complete after 60 tokens");
            using (HttpResponseMessage refused = await client.GetAsync("/tell?prompt=Once&maxTokens=0"))
                Assert.That((int)refused.StatusCode, Is.EqualTo(400));

            // Texts are told one after another, so most of these have not begun when their clients leave.
            using (var leaving = new CancellationTokenSource())
            {
                Task<HttpResponseMessage>[] requests = [.. Enumerable.Range(0, 8).Select(_ =>
                    client.GetAsync("/tell?prompt=Once&maxTokens=500", HttpCompletionOption.ResponseHeadersRead, leaving.Token))];
                await Task.WhenAny(requests);
                await leaving.CancelAsync();
                foreach (Task<HttpResponseMessage> request in requests)
                {
                    await ((Task)request).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    if (request.IsCompletedSuccessfully)
                        request.Result.Dispose();
                }
            }
            int cancelled = 0;
            for (int i = 0; i < 8; i++)
                cancelled += (await Line(server, "(cancelled|complete) after ([0-9]+) tokens")).Groups[1].Value == "cancelled" ? 1 : 0;
            Assert.That(cancelled, Is.Positive);
        }
        finally
        {
            server.Kill();
        }
    }

    [Test]
    public void The_tool_tells_a_story_at_its_first_start()
    {
        string tools = _feed.NewFolder("tool");
        _feed.Dotnet(tools, "tool", "install", "Sequoia.Cli", "--version", LocalFeed.Version, "--tool-path", tools, "--source", _feed.Folder);
        using Process tool = Start(Path.Combine(tools, "sequoia"), []);
        try
        {
            Assert.That(ReadTo(tool, "Once upon a time".Length + 1), Does.StartWith("Once upon a time"));
        }
        finally
        {
            tool.Kill();
        }
    }

    private void MustTellTheStory(string program)
    {
        using Process process = Start(program, []);
        string beginning = ReadTo(process, "Once upon a time".Length + 1);
        string story = beginning + process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.That(process.ExitCode, Is.Zero);
        Assert.That(story, Does.StartWith(Likeliest).And.Match(@"\d+ tokens, .* a step"));
    }

    // Reads the first text and holds its time to the limit: time on the clock, or the processors' own where other work takes longer than that.
    private static string ReadTo(Process process, int letters)
    {
        char[] text = new char[letters];
        int read = process.StandardOutput.ReadBlock(text);
        TimeSpan clock = DateTime.Now - process.StartTime, processors = process.TotalProcessorTime;
        TestContext.Out.WriteLine($"first text after {clock.TotalSeconds:F2} s, of the processors {processors.TotalSeconds:F2} s");
        Assert.That(read, Is.EqualTo(letters), "the program ended early");
        Assert.That(clock < processors ? clock : processors, Is.LessThan(FirstText));
        return new string(text);
    }

    private string Output(string program, params (string Name, string Value)[] environment)
    {
        using Process process = Start(program, [], environment);
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.That(process.ExitCode, Is.Zero, output);
        return output;
    }

    // As on a machine where nothing has been measured yet.
    private Process Start(string program, string[] arguments, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true };
        start.Environment["XDG_CACHE_HOME"] = _feed.NewFolder("cache-" + Guid.NewGuid());
        foreach ((string name, string value) in environment)
            start.Environment[name] = value;
        return Process.Start(start)!;
    }

    // The next line of output that has the pattern.
    private static async Task<Match> Line(Process process, string pattern)
    {
        using var patience = new CancellationTokenSource(Patience);
        var lines = new StringBuilder();
        while (await process.StandardOutput.ReadLineAsync(patience.Token) is { } line)
        {
            if (Regex.Match(line, pattern) is { Success: true } match)
                return match;
            lines.AppendLine(CultureInfo.InvariantCulture, $"{line}");
        }
        throw new InvalidOperationException($"the program ended without {pattern}:\n{lines}");
    }
}
