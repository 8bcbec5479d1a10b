using System.Diagnostics;

namespace Sequoia.SoftwareGpu.Tests.DropIn;

/// <summary>Runs programs that know nothing of the software GPU on the library that ./build.sh drop-in makes.</summary>
internal static class DropInLibrary
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    private static string Folder => Path.Combine(Repository.Root, "out", "drop-in");

    public static (int Status, string Output) Run(string program, string[] arguments, string settings = "")
    {
        if (!File.Exists(Path.Combine(Folder, "libcuda.so.1")))
            Assert.Ignore("there is no out/drop-in/libcuda.so.1; ./build.sh drop-in makes it, and so does ./build.sh test");
        return Start(program, arguments, settings);
    }

    private static (int Status, string Output) Start(string program, string[] arguments, string settings)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Repository.Root };
        start.Environment["LD_LIBRARY_PATH"] = Folder;
        start.Environment["SEQUOIA_SOFTWARE_GPU"] = settings;
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(Patience))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"{program} did not end");
        }
        return (process.ExitCode, output.Result + error.Result);
    }
}
