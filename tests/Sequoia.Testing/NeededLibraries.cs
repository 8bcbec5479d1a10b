using Sequoia.Interop;

namespace Sequoia.Testing;

/// <summary>
/// NVIDIA's libraries that tests need. Tests are ignored, with a reason, where one is absent; they fail instead where SEQUOIA_REQUIRE
/// lists `nvrtc`. build.sh test fetches all of them.
/// </summary>
internal static class NeededLibraries
{
    public static CudaCompiler Compiler(KernelCache? cache = null) =>
        CudaCompiler.TryLoad(null, cache, out LibraryReport report) ?? throw Absent($"no NVRTC: ./build.sh test fetches it where apt can\n{report}");

    /// <summary>A library that is read and never loaded.</summary>
    public static string FileToRead(string name)
    {
        string fetched = Path.Combine(Repository.Root, "out", "cuda-exports", "usr", "lib", "x86_64-linux-gnu");
        string[] folders = [fetched, Path.Combine(fetched, "nvidia", "current"), "/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/local/cuda/lib64"];
        return folders.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists)
            ?? throw Absent($"no {name} to read: ./build.sh test fetches it where apt can");
    }

    private static InvalidOperationException Absent(string problem)
    {
        if (Environment.GetEnvironmentVariable("SEQUOIA_REQUIRE")?.Split(',').Contains("nvrtc") == true)
            Assert.Fail(problem);
        Assert.Ignore(problem);
        return new(problem);
    }
}
