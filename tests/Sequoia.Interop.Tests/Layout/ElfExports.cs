using System.Buffers.Binary;
using System.Text;

namespace Sequoia.Interop.Tests.Layout;

/// <summary>The names that a 64-bit little-endian ELF library exports, read from its dynamic symbol table. Nothing is loaded.</summary>
internal static class ElfExports
{
    private const int SectionDynamicSymbols = 11;
    private const int SymbolBytes = 24;

    public static HashSet<string> Read(string file)
    {
        ReadOnlySpan<byte> elf = File.ReadAllBytes(file);
        Assert.That(elf[..6].SequenceEqual((ReadOnlySpan<byte>)[0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1]), file);
        long sections = Long(elf, 0x28);
        int sectionBytes = Short(elf, 0x3a), count = Short(elf, 0x3c);
        var names = new HashSet<string>();
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> section = elf.Slice((int)sections + (i * sectionBytes), sectionBytes);
            if (Int(section, 4) != SectionDynamicSymbols)
                continue;
            ReadOnlySpan<byte> strings = Contents(elf, elf.Slice((int)sections + (Int(section, 40) * sectionBytes), sectionBytes));
            ReadOnlySpan<byte> symbols = Contents(elf, section);
            for (int at = 0; at < symbols.Length; at += SymbolBytes)
            {
                // A symbol without a section is one that the library itself imports.
                if (Short(symbols[at..], 6) != 0)
                    names.Add(Name(strings[Int(symbols[at..], 0)..]));
            }
        }
        return names;
    }

    private static ReadOnlySpan<byte> Contents(ReadOnlySpan<byte> elf, ReadOnlySpan<byte> section) => elf.Slice((int)Long(section, 24), (int)Long(section, 32));

    private static string Name(ReadOnlySpan<byte> text) => Encoding.ASCII.GetString(text[..text.IndexOf((byte)0)]);

    private static long Long(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadInt64LittleEndian(bytes[at..]);

    private static int Int(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadInt32LittleEndian(bytes[at..]);

    private static ushort Short(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);
}
