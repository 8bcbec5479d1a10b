using System.Text;

namespace Sequoia.Native.Tokenization;

/// <summary>
/// The 256 printable characters that represent the 256 bytes in byte-level vocabularies (GPT-2's convention): bytes
/// that are printable in Latin-1 represent themselves, the other 68 are numbered from U+0100.
/// </summary>
internal static class ByteLevelAlphabet
{
    private const int LastChar = 0x100 + 67;

    private static readonly char[] CharOfByte = BuildCharOfByte();
    private static readonly short[] ByteOfChar = BuildByteOfChar();

    /// <summary>The characters that stand for the UTF-8 bytes of <paramref name="text"/>.</summary>
    public static string Spell(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        return string.Create(bytes.Length, bytes, static (chars, source) =>
        {
            for (int i = 0; i < chars.Length; i++)
                chars[i] = CharOfByte[source[i]];
        });
    }

    /// <summary>The bytes that a piece represents; a piece with a character outside the alphabet represents itself.</summary>
    public static byte[] Unspell(string piece)
    {
        byte[] bytes = new byte[piece.Length];
        for (int i = 0; i < piece.Length; i++)
        {
            int value = piece[i] <= LastChar ? ByteOfChar[piece[i]] : -1;
            if (value < 0)
                return Encoding.UTF8.GetBytes(piece);
            bytes[i] = (byte)value;
        }
        return bytes;
    }

    private static char[] BuildCharOfByte()
    {
        char[] table = new char[256];
        char next = '\u0100';
        for (int value = 0; value < 256; value++)
            table[value] = value is (>= 0x21 and <= 0x7E) or (>= 0xA1 and <= 0xAC) or >= 0xAE ? (char)value : next++;
        return table;
    }

    private static short[] BuildByteOfChar()
    {
        short[] table = new short[LastChar + 1];
        Array.Fill(table, (short)-1);
        for (int value = 0; value < 256; value++)
            table[CharOfByte[value]] = (short)value;
        return table;
    }
}
