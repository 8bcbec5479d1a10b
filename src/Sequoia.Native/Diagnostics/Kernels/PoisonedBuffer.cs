using System.Runtime.InteropServices;
using Sequoia.Interop;

namespace Sequoia.Native.Diagnostics.Kernels;

/// <summary>Device memory full of NaN, with more of it on either side that nobody may write.</summary>
internal sealed class PoisonedBuffer<T> : IDisposable where T : unmanaged
{
    // A multiple of what any access is aligned to.
    private const int Guard = 128;

    private readonly DeviceBuffer<T> _buffer;
    private readonly T[] _poison;

    public PoisonedBuffer(CudaContext context, long length, T poison)
    {
        _poison = new T[length + (2 * Guard)];
        Array.Fill(_poison, poison);
        _buffer = context.Allocate<T>(_poison.Length);
        Reset();
    }

    /// <summary>The address of the first element.</summary>
    public nint Address => _buffer.Handle + (Guard * Marshal.SizeOf<T>());

    public void Reset() => _buffer.CopyFrom(_poison);

    /// <summary>All elements; null if the guards have changed.</summary>
    public T[]? Read()
    {
        T[] all = _buffer.ToArray();
        ReadOnlySpan<byte> found = MemoryMarshal.AsBytes<T>(all), poison = MemoryMarshal.AsBytes<T>(_poison);
        int guard = Guard * Marshal.SizeOf<T>();
        return found[..guard].SequenceEqual(poison[..guard]) && found[^guard..].SequenceEqual(poison[^guard..]) ? all[Guard..^Guard] : null;
    }

    public void Dispose() => _buffer.Dispose();
}
