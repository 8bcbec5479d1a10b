using System.Runtime.InteropServices;

namespace Sequoia.SoftwareGpu.Check;

/// <summary>The bytes of a block's shared memory that are the target of a pending asynchronous copy: one byte per byte.</summary>
internal sealed unsafe class PendingBytes(int bytes)
{
    private readonly byte* _pending = (byte*)NativeMemory.AllocZeroed((nuint)bytes + 64);

    public void Start() => NativeMemory.Clear(_pending, (nuint)bytes);

    public void Release() => NativeMemory.Free(_pending);

    public void MarkPending(ulong offset, uint length) => new Span<byte>(_pending + offset, (int)length).Fill(1);

    public void MarkArrived(ulong offset, uint length) => new Span<byte>(_pending + offset, (int)length).Clear();

    /// <summary>The index of the first pending byte in a range, or -1.</summary>
    public int FirstPending(ulong offset, uint length) => new Span<byte>(_pending + offset, (int)length).IndexOf((byte)1);
}
