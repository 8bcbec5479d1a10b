using System.Runtime.InteropServices;

namespace Sequoia.Interop;

/// <summary>
/// Where NVIDIA's libraries are looked for, in order. Nothing is looked for before it is asked for, and every try is reported.
/// Immutable and safe for use by several threads.
/// </summary>
public sealed class LibrarySearch
{
    /// <summary>The environment variable whose folder is searched first. It may name the folder of the libraries or a CUDA toolkit.</summary>
    public const string FolderVariable = "SEQUOIA_CUDA_PATH";

    // A null among them is the system's loader.
    private IReadOnlyList<string?> Places { get; init; }

    /// <summary>Looks into these folders alone, in this order.</summary>
    /// <param name="folders">Folders of libraries.</param>
    public LibrarySearch(params IReadOnlyList<string> folders)
    {
        ArgumentNullException.ThrowIfNull(folders);
        Places = [.. folders];
    }

    /// <summary>
    /// The usual places: the folder of <see cref="FolderVariable"/>, the application's folder, where this repository's build puts NVRTC,
    /// the system's loader, and the folders where CUDA is usually installed.
    /// </summary>
    public static LibrarySearch Usual() => new() { Places = UsualPlaces.All() };

    internal LibraryReport Find(LibraryNames library)
    {
        var attempts = new List<LibraryAttempt>();
        foreach (string? place in Places)
        {
            foreach (string file in library.Files)
            {
                string path = place is null ? file : Path.Combine(place, file);
                string? problem = TryLoad(path, isFile: place is not null, out nint handle);
                attempts.Add(new(path, problem));
                if (handle != 0)
                    return new(library.Title, handle, place is null ? LoadedModules.PathOf(file) : path, attempts);
            }
        }
        return new(library.Title, 0, null, attempts);
    }

    private static string? TryLoad(string path, bool isFile, out nint handle)
    {
        handle = 0;
        if (isFile && !File.Exists(path))
            return "no such file";
        try
        {
            handle = NativeLibrary.Load(path);
            return null;
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            return LoaderWords(e.Message);
        }
    }

    // .NET puts general advice before what the loader said.
    private static string LoaderWords(string message)
    {
        string[] lines = message.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return lines.Length == 0 ? "the loader gave no reason" : lines[^1];
    }
}

/// <summary>Fills a table of function pointers from a loaded library.</summary>
internal static class EntryPoints
{
    /// <summary>Names that the library does not export leave 0.</summary>
    public static void Fill(Span<nint> entries, IReadOnlyList<string> names, nint library)
    {
        for (int i = 0; i < entries.Length; i++)
            entries[i] = NativeLibrary.TryGetExport(library, names[i], out nint address) ? address : 0;
    }
}
