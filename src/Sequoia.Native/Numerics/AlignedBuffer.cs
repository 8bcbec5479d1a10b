using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Sequoia.Native.Numerics;

/// <summary>Zeroed native memory on a 64-byte boundary: never moved by the garbage collector, never split over cache lines by a vector load.</summary>
internal sealed unsafe class AlignedBuffer<T> : IDisposable where T : unmanaged
{
    private const int Alignment = 64;

    private void* _block;
    private T* _pointer;

    public AlignedBuffer(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        Length = length;
        // Zeroed by the system, so that a large buffer takes memory only as it is used (a KV cache for a long context).
        _block = NativeMemory.AllocZeroed(checked(((nuint)length * (nuint)sizeof(T)) + Alignment));
        _pointer = (T*)(((nuint)_block + Alignment - 1) / Alignment * Alignment);
    }

    ~AlignedBuffer() => Free();

    public long Length { get; }

    public T* Pointer
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _pointer;
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        NativeMemory.Free(_block);
        _block = null;
        _pointer = null;
    }
}
