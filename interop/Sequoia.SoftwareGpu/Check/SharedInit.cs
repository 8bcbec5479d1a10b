using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Sequoia.SoftwareGpu.Check;

/// <summary>Which bytes of a block's shared memory were written since the block began: one byte a byte.</summary>
internal sealed unsafe class SharedInit(int bytes)
{
    /// <summary>The shadow of bytes that a pending asynchronous copy will write.</summary>
    public const byte Pending = 2;

    private readonly byte* _written = (byte*)NativeMemory.AllocZeroed((nuint)bytes + 64);

    public byte* Written => _written;

    public void Start() => NativeMemory.Clear(_written, (nuint)bytes);

    /// <summary>An asynchronous copy into these bytes is under way.</summary>
    public void MarkPending(ulong offset, uint length) => new Span<byte>(_written + offset, (int)length).Fill(Pending);

    public void MarkArrived(ulong offset, uint length) => new Span<byte>(_written + offset, (int)length).Fill(1);

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
            return *(uint*)shadow == unchecked((uint)AllWritten) ? -1 : new Span<byte>(shadow, 4).IndexOfAnyExcept((byte)1);
        return new Span<byte>(shadow, (int)length).IndexOfAnyExcept((byte)1);
    }
}
