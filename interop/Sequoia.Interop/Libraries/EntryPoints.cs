using System.Runtime.InteropServices;

namespace Sequoia.Interop;

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
