using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Sequoia.Cli.Tests;

/// <summary>The folder that goes to a machine with a GPU, run here on the software GPU, where no program called dotnet is found.</summary>
[NonParallelizable]
[Platform("Linux")]
internal sealed partial class DeviceCheckTests
{
    private const int MostFiles = 8, MostBytes = 16_000_000;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    private readonly TemporaryFolder _programs = new(), _temporary = new();

    private static string Script => Path.Combine(Repository.Root, "out", "device-check-quick", "check.sh");

    [OneTimeSetUp]
    public void HideDotnet()
    {
        if (!File.Exists(Script))
            Assert.Ignore("there is no out/device-check-quick; ./build.sh test makes it");
        foreach (string folder in Environment.GetEnvironmentVariable("PATH")!.Split(':').Where(Directory.Exists))
        {
            foreach (string program in Directory.GetFiles(folder))
            {
                string link = Path.Combine(_programs.Path, Path.GetFileName(program));
                if (Path.GetFileName(program) != "dotnet" && !Path.Exists(link))
                    File.CreateSymbolicLink(link, program);
            }
        }
    }

    [OneTimeTearDown]
    public void Remove()
    {
        _programs.Dispose();
        _temporary.Dispose();
    }

    [TestCase("correct", "texts", "kernels and twins against references", "a model's sizes, repeated", "resources by NVRTC")]
    [TestCase("speed", "ceilings", "a model's passes", "measure hardware", "a text with the tree of auto", "kernels bench")]
    public void Both_halves_run_without_dotnet(string half, params string[] checks)
    {
        using var results = new TemporaryFolder();
        (int status, string output) = Run(half, results.Path, ("DEVICE", "software"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That((status, Failures(output)), Is.EqualTo((0, 0)), output);
            foreach (string check in checks)
                Assert.That(output, Does.Match($"(?m)^ok +{Regex.Escape(check)} "));
            FileInfo[] files = new DirectoryInfo(results.Path).GetFiles();
            Assert.That(files, Has.Length.InRange(2, MostFiles));
            Assert.That(files, Has.All.Matches<FileInfo>(file => file is { Length: > 0 and < MostBytes }));
            Assert.That(File.ReadAllText(Path.Combine(results.Path, $"{half}.txt")), Is.EqualTo(output));
        }
    }

    /// <summary>Without a device nearly everything fails, and the rest is run all the same.</summary>
    [Test]
    public void Failures_are_counted_and_stop_nothing()
    {
        using var results = new TemporaryFolder();
        (int status, string output) = Run("speed", results.Path, ("CUDA_VISIBLE_DEVICES", "-1"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(status, Is.EqualTo(Failures(output)).And.InRange(3, 6), output);
            Assert.That(FailedLine().Count(output), Is.EqualTo(status));
            Assert.That(output, Does.Match("(?m)^FAILED +kernels bench ").And.Match("(?m)^not run +ncu "));
        }
    }

    [Test]
    public void Other_halves_are_bad_input()
    {
        using var results = new TemporaryFolder();
        (int status, string output) = Run("everything", results.Path);
        Assert.That((status, output), Is.EqualTo((2, "")));
    }

    [Test]
    public void Results_that_cannot_be_written_are_bad_input()
    {
        using var results = new TemporaryFolder();
        string file = Path.Combine(results.Path, "file");
        File.WriteAllText(file, "");
        (int status, string output) = Run("speed", results.Path, ("OUT", Path.Combine(file, "inside")));
        Assert.That((status, output), Is.EqualTo((2, "")));
        (status, output) = Run("speed", results.Path, ("DEVICE", "gpu"));
        Assert.That((status, output), Is.EqualTo((2, "")));
    }

    private (int Status, string Output) Run(string half, string results, (string Name, string Value)? variable = null)
    {
        var start = new ProcessStartInfo(Script, [half]) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = results };
        (start.Environment["PATH"], start.Environment["OUT"], start.Environment["TMPDIR"]) = (_programs.Path, results, _temporary.Path);
        foreach (string name in (string[])["DOTNET_ROOT", "DEVICE", "SEQUOIA_MODELS", "SEQUOIA_CUDA_PATH"])
            start.Environment.Remove(name);
        if (variable is { } set)
            start.Environment[set.Name] = set.Value;
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(Patience))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"{half} did not end");
        }
        TestContext.Out.WriteLine(error.Result);
        return (process.ExitCode, output.Result);
    }

    private static int Failures(string output) => int.Parse(LastLine().Match(output).Groups[1].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"\n(\d+) failures\n$")]
    private static partial Regex LastLine();

    [GeneratedRegex("(?m)^FAILED ")]
    private static partial Regex FailedLine();
}
