using System.Buffers.Binary;
using System.Text;

namespace Sequoia.Training;

/// <summary>
/// Lets TorchSharp's native library load where libstdc++ is older than GCC 13's (Debian 12).
/// The library imports one newer symbol, a marker that is never called; the import is renamed, in the copy
/// in the output folder, to a symbol every libstdc++ has, and its version need is lowered to match.
/// </summary>
internal static class LibtorchOnOlderGlibcxx
{
    private const string NewSymbol = "_ZSt21ios_base_library_initv";
    private const string OldSymbol = "_ZNSt8ios_base4InitC1Ev";
    private const string NewVersion = "GLIBCXX_3.4.32";
    private const string OldVersion = "GLIBCXX_3.4";
    private const uint VersionNeedSection = 0x6ffffffe;

    /// <summary>Edits the library under <paramref name="folder"/> where it still needs it. Doing it twice is harmless.</summary>
    public static void Prepare(string folder)
    {
        foreach (string path in Directory.EnumerateFiles(folder, "libLibTorchSharp.so", SearchOption.AllDirectories))
        {
            byte[] image = File.ReadAllBytes(path);
            if (!Rewrite(image)) continue;
            // A rename never shows a half-written library to a second process that starts at the same time.
            string temporary = path + ".tmp" + Environment.ProcessId;
            File.WriteAllBytes(temporary, image);
            File.Move(temporary, path, overwrite: true);
        }
    }

    /// <summary>Returns whether <paramref name="image"/> was changed.</summary>
    internal static bool Rewrite(byte[] image)
    {
        bool renamed = Replace(image, NewSymbol, OldSymbol);
        bool lowered = Replace(image, NewVersion, OldVersion);
        if (lowered) RehashVersionNeeds(image);
        return renamed | lowered;
    }

    private static bool Replace(Span<byte> image, string from, string to)
    {
        byte[] old = Encoding.ASCII.GetBytes('\0' + from + '\0');
        int at = image.IndexOf(old);
        if (at < 0) return false;
        Span<byte> name = image.Slice(at + 1, from.Length);
        name.Clear();
        Encoding.ASCII.GetBytes(to, name);
        return true;
    }

    // The loader compares the hash of a version's name before the name itself.
    private static void RehashVersionNeeds(Span<byte> image)
    {
        long sections = BinaryPrimitives.ReadInt64LittleEndian(image[0x28..]);
        int size = BinaryPrimitives.ReadUInt16LittleEndian(image[0x3A..]);
        int count = BinaryPrimitives.ReadUInt16LittleEndian(image[0x3C..]);
        uint from = ElfHash(NewVersion), to = ElfHash(OldVersion);
        for (int i = 0; i < count; i++)
        {
            Span<byte> header = image.Slice((int)sections + i * size, size);
            if (BinaryPrimitives.ReadUInt32LittleEndian(header[4..]) != VersionNeedSection) continue;
            int need = (int)BinaryPrimitives.ReadInt64LittleEndian(header[0x18..]);
            for (int step = -1; step != 0; need += step)
            {
                int versions = BinaryPrimitives.ReadUInt16LittleEndian(image[(need + 2)..]);
                int entry = need + (int)BinaryPrimitives.ReadUInt32LittleEndian(image[(need + 8)..]);
                for (int v = 0; v < versions; v++)
                {
                    if (BinaryPrimitives.ReadUInt32LittleEndian(image[entry..]) == from)
                        BinaryPrimitives.WriteUInt32LittleEndian(image[entry..], to);
                    entry += (int)BinaryPrimitives.ReadUInt32LittleEndian(image[(entry + 12)..]);
                }

                step = (int)BinaryPrimitives.ReadUInt32LittleEndian(image[(need + 12)..]);
            }
        }
    }

    private static uint ElfHash(string name)
    {
        uint hash = 0;
        foreach (char c in name)
        {
            hash = (hash << 4) + c;
            uint high = hash & 0xF0000000;
            hash ^= high >> 24;
            hash &= ~high;
        }

        return hash;
    }
}
