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

    // A null folder stands for the system's loader.
    private readonly IReadOnlyList<IReadOnlyList<string?>> _places;

    /// <summary>Creates a search of only these folders, in this order.</summary>
    /// <param name="folders">The folders that contain libraries.</param>
    public LibrarySearch(params IReadOnlyList<string> folders)
    {
        ArgumentNullException.ThrowIfNull(folders);
        _places = [.. folders.Select(folder => (IReadOnlyList<string?>)[folder])];
    }

    /// <summary>Creates a search of places in order. Of a place with several folders, the newest library is taken.</summary>
    internal LibrarySearch(IReadOnlyList<IReadOnlyList<string?>> places) => _places = places;

    /// <summary>
    /// The default locations: the folder in <see cref="FolderVariable"/>, the application's folder, the folder in which this repository's build
    /// puts NVRTC, the system's loader, the usual CUDA installation folders, and the packages of Python environments.
    /// </summary>
    public static LibrarySearch Usual() => new(UsualPlaces.OfThisMachine());

    internal LibraryReport Find(LibraryNames library)
    {
        var attempts = new List<LibraryAttempt>();
        IEnumerable<(string? Folder, string File)> order = _places.SelectMany(place => library.Files.SelectMany(file => place.Select(folder => (folder, file))));
        foreach ((string? folder, string file) in order)
        {
            string path = folder is null ? file : Path.Combine(folder, file);
            string? problem = TryLoad(path, isFile: folder is not null, out nint handle);
            attempts.Add(new(path, problem));
            if (handle != 0)
                return new(library.Title, handle, folder is null ? LoadedModules.PathOf(file) : path, attempts);
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
