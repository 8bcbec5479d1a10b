using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Sequoia.Native.Numerics;

/// <summary>
/// Zeroed native memory on a 64-byte boundary: never moved by the garbage collector, never split over cache lines by a vector load. It is freed by
/// <see cref="Dispose"/> or with the last reference to this object, so code that keeps the pointer must also keep the object.
/// </summary>
internal sealed unsafe class AlignedBuffer<T> : IDisposable where T : unmanaged
{
    private const int Alignment = 64;

    private readonly T* _pointer;
    private nint _block;

    public AlignedBuffer(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        Length = length;
        // Zeroed by the system, so that a large buffer uses memory only as it is touched (a KV cache for a long context).
        _block = (nint)NativeMemory.AllocZeroed(checked(((nuint)length * (nuint)sizeof(T)) + Alignment));
        _pointer = (T*)(((nuint)_block + Alignment - 1) / Alignment * Alignment);
        // Without this, the collector sees only a few bytes and would leave unused caches of megabytes uncollected.
        if (length > 0)
            GC.AddMemoryPressure(length * sizeof(T));
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
        nint block = Interlocked.Exchange(ref _block, 0);
        if (block == 0)
            return;
        NativeMemory.Free((void*)block);
        if (Length > 0)
            GC.RemoveMemoryPressure(Length * sizeof(T));
    }
}
