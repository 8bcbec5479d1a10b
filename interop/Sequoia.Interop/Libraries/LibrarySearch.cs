using System.Runtime.InteropServices;

namespace Sequoia.Interop;

/// <summary>
/// The locations in which to search for NVIDIA's libraries, in order. A library is searched for only when it is requested, and every attempt is
/// reported. Immutable and thread-safe.
/// </summary>
public sealed class LibrarySearch
{
    /// <summary>The environment variable with the folder to search first. The folder contains the libraries or is a CUDA toolkit.</summary>
    public const string FolderVariable = "SEQUOIA_CUDA_PATH";

    // A null entry stands for the system's loader.
    private IReadOnlyList<string?> Places { get; init; }

    /// <summary>Creates a search of only these folders, in this order.</summary>
    /// <param name="folders">The folders that contain libraries.</param>
    public LibrarySearch(params IReadOnlyList<string> folders)
    {
        ArgumentNullException.ThrowIfNull(folders);
        Places = [.. folders];
    }

    /// <summary>
    /// The default locations: the folder in <see cref="FolderVariable"/>, the application's folder, the folder in which this repository's build
    /// puts NVRTC, the system's loader, and the usual CUDA installation folders.
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

    // .NET puts general advice before the loader's message.
    private static string LoaderWords(string message)
    {
        string[] lines = message.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return lines.Length == 0 ? "the loader gave no reason" : lines[^1];
    }
}

/// <summary>Fills a table of function pointers from a loaded library.</summary>
internal static class EntryPoints
{
    /// <summary>Entries that the library does not export are set to 0.</summary>
    public static void Fill(Span<nint> entries, IReadOnlyList<string> names, nint library)
    {
        for (int i = 0; i < entries.Length; i++)
            entries[i] = NativeLibrary.TryGetExport(library, names[i], out nint address) ? address : 0;
    }
}
