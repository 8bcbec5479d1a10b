using Sequoia.Interop;
using Sequoia.Native.Numerics;

namespace Sequoia.Native.Backends.Cuda;

/// <summary>A matrix in host memory, as the device stores it, in large pages that the driver has pinned if it agrees. Copies of it need no other memory.</summary>
internal sealed unsafe class HostChunk : IDisposable
{
    private readonly PageBuffer _memory;
    private readonly long _pieceLength;
    private HostBuffer<ushort>[] _pieces = [];

    /// <param name="length">The number of elements.</param>
    /// <param name="pieceLength">The most elements to register at once: a registration of very much memory may be refused, or take seconds without a sign of life.</param>
    /// <exception cref="InsufficientMemoryException">The system does not give as much.</exception>
    public HostChunk(long length, long pieceLength) => (Length, _pieceLength, _memory) = (length, pieceLength, new PageBuffer(length * sizeof(ushort)));

    /// <summary>The number of elements.</summary>
    public long Length { get; }

    public ushort* Pointer => (ushort*)_memory.Pointer;

    /// <summary>Whether the driver has pinned the memory.</summary>
    public bool IsPinned { get; private set; }

    /// <summary>Prepares copies, when the memory has its contents: threads that fill it share the work of mapping its pages.</summary>
    public void Pin(CudaContext context)
    {
        try
        {
            _pieces = Pieces((address, length) => context.RegisterHost<ushort>(address, length, _memory));
            IsPinned = true;
        }
        catch (HostRegistrationException)
        {
            _pieces = Pieces((address, length) => context.WrapHost<ushort>(address, length, _memory));
        }
    }

    /// <summary>Queues the copy of all elements to the device.</summary>
    public void CopyTo(DeviceBuffer<ushort> target, long start, CudaStream stream)
    {
        // A copy must not span two registrations.
        foreach (HostBuffer<ushort> piece in _pieces)
        {
            target.CopyFromAsync(piece, 0, piece.Length, stream, start);
            start += piece.Length;
        }
    }

    /// <summary>Copies all elements from the device, and waits.</summary>
    public void CopyFrom(DeviceBuffer<ushort> source, CudaStream stream)
    {
        for (long first = 0; first < Length; first += _pieceLength)
            source.CopyTo(new Span<ushort>(Pointer + first, (int)Math.Min(_pieceLength, Length - first)), first, stream);
    }

    public void Dispose()
    {
        Array.ForEach(_pieces, piece => piece.Dispose());
        _memory.Dispose();
    }

    private HostBuffer<ushort>[] Pieces(Func<nint, long, HostBuffer<ushort>> make)
    {
        var pieces = new List<HostBuffer<ushort>>();
        try
        {
            for (long first = 0; first < Length; first += _pieceLength)
                pieces.Add(make((nint)(Pointer + first), Math.Min(_pieceLength, Length - first)));
            return [.. pieces];
        }
        catch
        {
            pieces.ForEach(piece => piece.Dispose());
            throw;
        }
    }
}
