using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace Sequoia.SoftwareGpu.Driver;

/// <summary>Texts that the driver hands to C callers: made once, never freed, as theirs are constants.</summary>
internal static unsafe class Texts
{
    private static readonly ConcurrentDictionary<string, nint> Made = new();

    public static byte* Of(string text) => (byte*)Made.GetOrAdd(text, static value => Marshal.StringToCoTaskMemUTF8(value));

    /// <summary>Writes a text and its end into a caller's buffer, cut where it does not fit.</summary>
    public static void Write(string text, byte* buffer, nuint bytes)
    {
        if (bytes == 0)
            return;
        byte[] encoded = System.Text.Encoding.UTF8.GetBytes(text);
        int count = (int)Math.Min((nuint)encoded.Length, bytes - 1);
        encoded.AsSpan(0, count).CopyTo(new Span<byte>(buffer, count));
        buffer[count] = 0;
    }
}
