using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Sequoia.SoftwareGpu.Check;

/// <summary>Which bytes of a block's shared memory were written since the block began: one byte a byte.</summary>
internal sealed unsafe class SharedInit(int bytes)
{
    private readonly byte* _written = (byte*)NativeMemory.AllocZeroed((nuint)bytes + 64);

    public byte* Written => _written;

    public void Start() => NativeMemory.Clear(_written, (nuint)bytes);

    public void Release() => NativeMemory.Free(_written);
}

/// <summary>Marks and tests ranges of shadow bytes.</summary>
internal static unsafe class ShadowBytes
{
    private const ulong AllWritten = 0x0101_0101_0101_0101;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Mark(byte* shadow, uint length)
    {
        if (length == 4)
            *(uint*)shadow = unchecked((uint)AllWritten);
        else if (length == 16)
            ((ulong*)shadow)[0] = ((ulong*)shadow)[1] = AllWritten;
        else
            new Span<byte>(shadow, (int)length).Fill(1);
    }

    /// <summary>The first byte that was not written, or -1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int FirstUnwritten(byte* shadow, uint length)
    {
        if (length == 4)
            return *(uint*)shadow == unchecked((uint)AllWritten) ? -1 : new Span<byte>(shadow, 4).IndexOf((byte)0);
        return new Span<byte>(shadow, (int)length).IndexOf((byte)0);
    }
}
