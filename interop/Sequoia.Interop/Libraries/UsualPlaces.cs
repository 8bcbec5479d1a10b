using System.Runtime.InteropServices;

namespace Sequoia.Interop;

/// <summary>The default search folders. A null entry stands for the system's loader.</summary>
internal static class UsualPlaces
{
    public static IReadOnlyList<string?> All() => [.. Named(), AppContext.BaseDirectory, .. Development(), null, .. Installed()];

    private static IEnumerable<string> Named() =>
        Environment.GetEnvironmentVariable(LibrarySearch.FolderVariable) is { Length: > 0 } folder ? [folder, .. Inside(folder)] : [];

    // build.sh unpacks NVRTC into out/nvrtc, and its build output runs from out/artifacts.
    private static IEnumerable<string> Development()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (folder is { Name: "artifacts", Parent: { Name: "out" } output })
            {
                yield return Path.Combine(output.FullName, "nvrtc", "usr", "lib", "x86_64-linux-gnu");
                yield break;
            }
        }
    }

    private static string[] Installed()
    {
        if (OperatingSystem.IsWindows())
        {
            // Each installed toolkit sets CUDA_PATH to its folder.
            return Environment.GetEnvironmentVariable("CUDA_PATH") is { Length: > 0 } toolkit ? Inside(toolkit) : [];
        }
        string triplet = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "aarch64-linux-gnu" : "x86_64-linux-gnu";
        return [.. Toolkits().SelectMany(Inside), $"/usr/lib/{triplet}", "/usr/lib64", "/usr/lib/wsl/lib"];
    }

    private static IEnumerable<string> Toolkits() => Directory.Exists("/usr/local")
        ? Directory.EnumerateDirectories("/usr/local", "cuda*").OrderBy(folder => folder == "/usr/local/cuda" ? 0 : 1)
            .ThenByDescending(folder => folder, StringComparer.Ordinal)
        : [];

    private static string[] Inside(string toolkit) => OperatingSystem.IsWindows()
        ? [Path.Combine(toolkit, "bin", "x64"), Path.Combine(toolkit, "bin")]
        : [Path.Combine(toolkit, "lib64")];
}
