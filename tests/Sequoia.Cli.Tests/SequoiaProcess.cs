using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;

namespace Sequoia.Cli.Tests;

/// <summary>Runs the built command as users do, and takes what it prints.</summary>
internal sealed record SequoiaProcess(int Status, string Out, string Notes)
{
    // No limit on speed: a busy machine takes many times as long as a quiet one. It only ends what hangs.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    private static string Program => Path.Combine(AppContext.BaseDirectory, "sequoia");

    public JsonNode Json => JsonNode.Parse(Out)!;

    public static SequoiaProcess Run(params string[] arguments) => RunWith("", null, arguments);

    /// <param name="input">What comes on the standard input.</param>
    /// <param name="models">The folder of the bundled pair, or null.</param>
    /// <param name="arguments">The arguments.</param>
    public static SequoiaProcess RunWith(string input, string? models, params string[] arguments)
    {
        using Process process = Start(models, arguments);
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        return End(process);
    }

    /// <summary>Runs it with one more environment variable.</summary>
    public static SequoiaProcess RunWhere(string variable, string value, params string[] arguments)
    {
        using Process process = Start(null, arguments, (variable, value));
        process.StandardInput.Close();
        return End(process);
    }

    /// <summary>Runs it in a line of bash, where it is written as SEQUOIA. The status is that of the line.</summary>
    public static SequoiaProcess RunShell(string line, params string[] arguments)
    {
        using Process process = Start("bash", null, ["-c", "set -o pipefail; " + line.Replace("SEQUOIA", "\"$0\" \"$@\"", StringComparison.Ordinal), Program, .. arguments]);
        process.StandardInput.Close();
        return End(process);
    }

    /// <summary>Sends a signal as soon as there is output.</summary>
    public static SequoiaProcess Interrupt(string signal, params string[] arguments)
    {
        using Process process = StartHeeding(arguments);
        process.StandardInput.Close();
        char[] first = new char[1];
        process.StandardOutput.ReadBlock(first, 0, 1);
        Signal(process, signal);
        SequoiaProcess end = End(process);
        return end with { Out = first[0] + end.Out };
    }

    /// <summary>Sends a signal as soon as <paramref name="ripe"/> says so.</summary>
    public static SequoiaProcess InterruptWhen(Func<bool> ripe, string signal, params string[] arguments)
    {
        using Process process = StartHeeding(arguments);
        process.StandardInput.Close();
        while (!process.HasExited && !ripe())
            Thread.Sleep(5);
        Signal(process, signal);
        return End(process);
    }

    /// <summary>Sends a signal after a while, with a standard input that never ends.</summary>
    public static SequoiaProcess InterruptWaiting(TimeSpan after, string signal, params string[] arguments)
    {
        using Process process = StartHeeding(arguments);
        Thread.Sleep(after);
        Signal(process, signal);
        return End(process);
    }

    // A shell that runs the tests in the background has them ignore Ctrl-C, which programs inherit and rightly keep to.
    private static Process StartHeeding(string[] arguments) =>
        OperatingSystem.IsLinux() ? Start("env", null, ["--default-signal=INT,TERM", Program, .. arguments]) : Start(null, arguments);

    private static void Signal(Process process, string signal)
    {
        using Process kill = Process.Start("kill", ["-" + signal, process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    private static Process Start(string? models, string[] arguments, (string Name, string Value)? variable = null) => Start(Program, models, arguments, variable);

    private static Process Start(string program, string? models, string[] arguments, (string Name, string Value)? variable = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = new UTF8Encoding(false),
            StandardOutputEncoding = new UTF8Encoding(false),
            StandardErrorEncoding = new UTF8Encoding(false),
        };
        // Measured costs are kept here and not in the user's own folder.
        start.Environment["XDG_CACHE_HOME"] = Path.Combine(AppContext.BaseDirectory, "cache");
        if (models is not null)
            start.Environment["SEQUOIA_MODELS"] = models;
        if (variable is { } one)
            start.Environment[one.Name] = one.Value;
        return Process.Start(start)!;
    }

    private static SequoiaProcess End(Process process)
    {
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> notes = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(Patience))
        {
            process.Kill();
            Assert.Fail("the command did not end");
        }
        return new SequoiaProcess(process.ExitCode, output.Result, notes.Result);
    }

    /// <summary>Exit status 2, nothing on the output, and one line that holds <paramref name="message"/>.</summary>
    public void AssertBadInput(string message)
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Status, Is.EqualTo(2));
            Assert.That(Out, Is.Empty);
            Assert.That(Notes, Does.StartWith("sequoia: ").And.Contain(message));
            Assert.That(Notes.TrimEnd('\n'), Does.Not.Contain("\n"), "one line");
        }
    }
}
