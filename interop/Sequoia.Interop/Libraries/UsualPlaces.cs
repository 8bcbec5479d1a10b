using System.Runtime.InteropServices;

namespace Sequoia.Interop;

/// <summary>
/// The default search places, in order. A place is a list of folders, of which the one with the newest library wins. A null folder stands for the
/// system's loader.
/// </summary>
/// <param name="variable">Reads an environment variable.</param>
/// <param name="root">The root of the file system.</param>
internal sealed class UsualPlaces(Func<string, string?> variable, string root)
{
    public static IReadOnlyList<IReadOnlyList<string?>> OfThisMachine() => new UsualPlaces(Environment.GetEnvironmentVariable, "/").All();

    /// <summary>What the user names comes first, and what only other programs' packages bring comes last.</summary>
    public IReadOnlyList<IReadOnlyList<string?>> All()
    {
        List<IReadOnlyList<string?>> places = [.. Named().Select(Alone), [AppContext.BaseDirectory], .. Development().Select(Alone), [null], .. Installed().Select(Alone)];
        if (!OperatingSystem.IsWindows())
            places.AddRange([.. Python()]);
        return places;
    }

    private static IReadOnlyList<string?> Alone(string folder) => [folder];

    private IEnumerable<string> Named() => Value(LibrarySearch.FolderVariable) is { } folder ? [folder, .. Inside(folder)] : [];

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

    private string[] Installed()
    {
        // On Windows, each installed toolkit sets CUDA_PATH to its folder.
        if (OperatingSystem.IsWindows())
            return Value("CUDA_PATH") is { } toolkit ? Inside(toolkit) : [];
        string triplet = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "aarch64-linux-gnu" : "x86_64-linux-gnu";
        // Containers find the driver of their host in the nvidia folder.
        return [.. Toolkits().SelectMany(Inside), .. At($"usr/lib/{triplet}", "usr/lib64", "usr/lib/wsl/lib", "usr/local/nvidia/lib64", "usr/local/nvidia/lib")];
    }

    private IOrderedEnumerable<string> Toolkits() => Folders(At("usr/local")[0], "cuda*")
        .OrderBy(folder => Path.GetFileName(folder) == "cuda" ? 0 : 1).ThenByDescending(folder => folder, StringComparer.Ordinal);

    /// <summary>The packages that pip and conda install beside PyTorch and others: of the active environment, then of the system.</summary>
    private IEnumerable<IReadOnlyList<string?>> Python()
    {
        foreach (string name in (string[])["VIRTUAL_ENV", "CONDA_PREFIX"])
        {
            if (Value(name) is { } prefix)
                yield return [.. Packages(prefix), Path.Combine(prefix, "lib"), .. Targets(prefix)];
        }
        foreach (string prefix in (string[])[.. Value("HOME") is { } home ? [Path.Combine(home, ".local")] : (string[])[], .. At("usr/local", "usr", "opt/conda")])
        {
            if (Packages(prefix).ToArray() is { Length: > 0 } folders)
                yield return folders;
        }
    }

    private static IEnumerable<string> Packages(string prefix) =>
        from python in Folders(Path.Combine(prefix, "lib"), "python3*")
        from packages in (string[])["site-packages", "dist-packages"]
        from package in Folders(Path.Combine(python, packages, "nvidia"), "*")
        select Path.Combine(package, "lib");

    private static string[] Inside(string toolkit) => OperatingSystem.IsWindows()
        ? [Path.Combine(toolkit, "bin", "x64"), Path.Combine(toolkit, "bin")]
        : [Path.Combine(toolkit, "lib64"), .. Targets(toolkit)];

    private static IEnumerable<string> Targets(string toolkit) => Folders(Path.Combine(toolkit, "targets"), "*").Select(target => Path.Combine(target, "lib"));

    private static string[] Folders(string parent, string pattern) => Directory.Exists(parent) ? [.. Directory.EnumerateDirectories(parent, pattern).Order(StringComparer.Ordinal)] : [];

    private string[] At(params string[] folders) => Array.ConvertAll(folders, folder => Path.Combine(root, folder));

    private string? Value(string name) => variable(name) is { Length: > 0 } value ? value : null;
}
