using System.Runtime.CompilerServices;

namespace Sequoia.SoftwareGpu.Check;

/// <summary>Marks and tests ranges of shadow bytes, 1 = written.</summary>
internal static unsafe class ShadowBytes
{
    private const uint AllWritten = 0x0101_0101;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Mark(byte* shadow, uint length)
    {
        if (length == 4)
            *(uint*)shadow = AllWritten;
        else
            new Span<byte>(shadow, (int)length).Fill(1);
    }

    /// <summary>The index of the first unwritten byte, or -1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int FirstUnwritten(byte* shadow, uint length) =>
        length == 4 && *(uint*)shadow == AllWritten ? -1 : new Span<byte>(shadow, (int)length).IndexOfAnyExcept((byte)1);
}
