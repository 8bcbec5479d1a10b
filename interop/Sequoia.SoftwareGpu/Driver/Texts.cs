using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace Sequoia.SoftwareGpu.Driver;

/// <summary>Strings that the driver returns to C callers. They are created once and never freed, because C callers treat them as constants.</summary>
internal static unsafe class Texts
{
    private static readonly ConcurrentDictionary<string, nint> Made = new();

    public static byte* Of(string text) => (byte*)Made.GetOrAdd(text, static value => Marshal.StringToCoTaskMemUTF8(value));

    /// <summary>Writes a string and its terminator to a caller's buffer. The string is truncated if it does not fit.</summary>
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
