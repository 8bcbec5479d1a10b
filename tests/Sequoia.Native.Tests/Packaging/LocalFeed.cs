using System.Diagnostics;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Sequoia.Native.Tests.Packaging;

/// <summary>All packages, made once from what was built, and the samples as projects of a user who installs them.</summary>
internal sealed partial class LocalFeed : IDisposable
{
    /// <summary>A version of its own, so that no package of an earlier run is taken for one of this.</summary>
    public const string Version = "0.0.0-test";

    private static readonly string[] Projects =
        ["interop/Sequoia.Interop", "interop/Sequoia.SoftwareGpu", "src/Sequoia.Native", "src/Sequoia.Models.Stories", "src/Sequoia.Cli"];

    private readonly TemporaryFolder _folder = new();

    public LocalFeed()
    {
        foreach (string project in Projects)
            Dotnet(Repository.Root, "pack", "--no-build", "-c", "Release", project, "-o", Folder, $"-p:Version={Version}");
        string samples = Path.Combine(Repository.Root, "samples");
        string version = XDocument.Load(Path.Combine(Repository.Root, "Directory.Build.props")).Descendants("Version").Single().Value;
        foreach (string file in Directory.EnumerateFiles(samples, "*", SearchOption.AllDirectories))
        {
            string copy = Path.Combine(_folder.Path, "samples", Path.GetRelativePath(samples, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.WriteAllText(copy, OwnPackages().Replace(File.ReadAllText(file), found =>
            {
                Assert.That(found.Groups["version"].Value, Is.EqualTo(version), $"{file} installs the version that the repository makes");
                return found.Groups["package"].Value + Version + "\"";
            }));
        }
    }

    /// <summary>Where the packages are.</summary>
    public string Folder => Path.Combine(_folder.Path, "feed");

    /// <summary>An empty folder of the given name.</summary>
    public string NewFolder(string name) => Directory.CreateDirectory(Path.Combine(_folder.Path, name)).FullName;

    public string Package(string id) => Path.Combine(Folder, $"{id}.{Version}.nupkg");

    /// <summary>Builds a sample, where no warning is allowed, and gives the program.</summary>
    public string Build(string sample)
    {
        Dotnet(Path.Combine(_folder.Path, "samples", sample), "build", "-c", "Release", "-warnaserror");
        return Path.Combine(_folder.Path, "out", "artifacts", "samples", "bin", sample, "release", sample);
    }

    /// <summary>Publishes a sample, where no warning is allowed, into a new folder, and gives the program.</summary>
    public string Publish(string sample, params string[] options)
    {
        string output = NewFolder("published-" + sample);
        Dotnet(Path.Combine(_folder.Path, "samples", sample), ["publish", "-c", "Release", "-warnaserror", "-o", output, .. options]);
        return Path.Combine(output, sample);
    }

    /// <summary>Runs dotnet so that it installs from this feed, and else only what the machine has.</summary>
    public string Dotnet(string folder, params string[] arguments)
    {
        (int status, string output) = Run(folder, arguments, new()
        {
            ["RestoreSources"] = Folder,
            ["RestorePackagesPath"] = Path.Combine(_folder.Path, "packages"),
            ["RestoreFallbackFolders"] = UsersPackages,
        });
        Assert.That(status, Is.Zero, $"dotnet {string.Join(' ', arguments)}\n{output}");
        return output;
    }

    /// <summary>
    /// Sees to it that the machine has the parts of the SDK that a kind of publishing downloads, as any machine has that did so before. The test is
    /// ignored where they cannot be had.
    /// </summary>
    /// <param name="property">The property that turns this kind of publishing on.</param>
    public void NeedTools(string property)
    {
        string project = NewFolder("tools-" + property);
        File.WriteAllText(Path.Combine(project, "tools.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <RuntimeIdentifier>$(NETCoreSdkRuntimeIdentifier)</RuntimeIdentifier>
                <SelfContained>true</SelfContained>
                <{property}>true</{property}>
              </PropertyGroup>
            </Project>
            """);
        (int status, string output) = Run(project, ["restore"], []);
        if (status != 0)
            Assert.Ignore($"the SDK's parts for {property} cannot be restored:\n{output}");
    }

    public void Dispose() => _folder.Dispose();

    private static string UsersPackages => Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } named
        ? named
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    private static (int Status, string Output) Run(string folder, string[] arguments, Dictionary<string, string> environment)
    {
        var start = new ProcessStartInfo("dotnet", arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        // The test runner's own settings must not leak into the builds it starts.
        start.Environment.Remove("MSBuildSDKsPath");
        foreach ((string name, string value) in environment)
            start.Environment[name] = value;
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + errors.Result);
    }

    [GeneratedRegex("""(?<package>Include="Sequoia\.[^"]+" Version=")(?<version>[^"]+)"(?=\s*/>)""")]
    private static partial Regex OwnPackages();
}
