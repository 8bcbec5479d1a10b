using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Sequoia.Interop;

/// <summary>
/// Device memory for elements of one type. Copies check their bounds; kernels do not. A copy without a stream uses the default stream and is
/// complete when the call returns.
/// </summary>
/// <typeparam name="T">The element type.</typeparam>
public sealed unsafe class DeviceBuffer<T> : ContextObject where T : unmanaged
{
    private DeviceBuffer(CudaContext context, SafeHandle parent, nint address, long length, bool owned)
        : base(context, parent, address, owned) => Length = length;

    /// <summary>The number of elements.</summary>
    public long Length { get; }

    /// <summary>The size in bytes.</summary>
    public long Bytes => Length * sizeof(T);

    /// <summary>Passes the buffer's address to a kernel. The buffer must outlive the kernel's work.</summary>
    public static implicit operator KernelArgument(DeviceBuffer<T> buffer)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        return KernelArgument.FromAddress(buffer.Handle, buffer);
    }

    /// <summary>Copies elements to the device, starting at index <paramref name="start"/>. The host memory can be reused when the call returns.</summary>
    /// <exception cref="ArgumentException">The elements do not fit.</exception>
    /// <exception cref="CudaException">The copy or earlier work failed.</exception>
    public void CopyFrom(ReadOnlySpan<T> elements, long start = 0, CudaStream? stream = null)
    {
        ulong to = Range(start, elements.Length);
        if (elements.IsEmpty)
            return;
        nuint bytes = (nuint)elements.Length * (nuint)sizeof(T);
        fixed (T* from = elements)
        {
            using (Context.Enter())
            {
                if (stream is null)
                    Driver.Check(Api.cuMemcpyHtoD_v2(to, from, bytes));
                else
                    Driver.Check(Api.cuMemcpyHtoDAsync_v2(to, from, bytes, stream.Handle));
                // The driver stages pageable memory: even its blocking copy may return before the device has the bytes.
                Driver.Check(Api.cuStreamSynchronize(CudaStream.HandleOf(stream)));
            }
        }
        GC.KeepAlive(this);
    }

    /// <summary>Copies elements to the host, starting at index <paramref name="start"/>. The copy is complete when the call returns.</summary>
    /// <exception cref="ArgumentException">The buffer has fewer elements.</exception>
    /// <exception cref="CudaException">The copy or earlier work failed.</exception>
    public void CopyTo(Span<T> elements, long start = 0, CudaStream? stream = null)
    {
        ulong from = Range(start, elements.Length);
        if (elements.IsEmpty)
            return;
        nuint bytes = (nuint)elements.Length * (nuint)sizeof(T);
        fixed (T* to = elements)
        {
            using (Context.Enter())
            {
                if (stream is null)
                {
                    Driver.Check(Api.cuMemcpyDtoH_v2(to, from, bytes));
                }
                else
                {
                    Driver.Check(Api.cuMemcpyDtoHAsync_v2(to, from, bytes, stream.Handle));
                    Driver.Check(Api.cuStreamSynchronize(stream.Handle));
                }
            }
        }
        GC.KeepAlive(this);
    }

    /// <summary>Copies all elements to a new array.</summary>
    /// <exception cref="CudaException">The copy or earlier work failed.</exception>
    public T[] ToArray()
    {
        var elements = new T[Length];
        CopyTo(elements);
        return elements;
    }

    /// <summary>Starts a copy from pinned memory. That memory must not change until the stream reaches the end of the copy.</summary>
    /// <exception cref="ArgumentException">The elements do not fit.</exception>
    /// <exception cref="CudaException">The driver rejected the call.</exception>
    public void CopyFromAsync(PinnedBuffer<T> source, CudaStream stream, long start = 0)
    {
        ArgumentNullException.ThrowIfNull(source);
        CopyFromAsync(source, source.Length, stream, start);
    }

    /// <summary>
    /// Starts a copy of the first <paramref name="length"/> elements of pinned memory. That memory must not change until the stream reaches the end
    /// of the copy.
    /// </summary>
    /// <exception cref="ArgumentException">The elements do not fit, or the source has fewer elements.</exception>
    /// <exception cref="CudaException">The driver rejected the call.</exception>
    public void CopyFromAsync(PinnedBuffer<T> source, int length, CudaStream stream, long start = 0)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(stream);
        if (length > source.Length)
            throw new ArgumentException($"{length} elements are more than the source's {source.Length}", nameof(length));
        ulong to = Range(start, length);
        using (Context.Enter())
            Driver.Check(Api.cuMemcpyHtoDAsync_v2(to, (void*)source.Handle, (nuint)length * (nuint)sizeof(T), stream.Handle));
        GC.KeepAlive(this);
        GC.KeepAlive(source);
    }

    /// <summary>Starts a copy to pinned memory. The elements are available when the stream reaches the end of the copy.</summary>
    /// <exception cref="ArgumentException">The buffer has fewer elements.</exception>
    /// <exception cref="CudaException">The driver rejected the call.</exception>
    public void CopyToAsync(PinnedBuffer<T> target, CudaStream stream, long start = 0)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(stream);
        ulong from = Range(start, target.Length);
        using (Context.Enter())
            Driver.Check(Api.cuMemcpyDtoHAsync_v2((void*)target.Handle, from, (nuint)target.Bytes, stream.Handle));
        GC.KeepAlive(this);
        GC.KeepAlive(target);
    }

    /// <summary>Starts a copy from another buffer on the device.</summary>
    /// <exception cref="ArgumentException">The elements do not fit.</exception>
    /// <exception cref="CudaException">The driver rejected the call.</exception>
    public void CopyFromAsync(DeviceBuffer<T> source, CudaStream? stream = null, long start = 0)
    {
        ArgumentNullException.ThrowIfNull(source);
        CopyFromAsync(source, 0, source.Length, stream, start);
    }

    /// <summary>Starts a copy from part of another buffer on the device.</summary>
    /// <param name="source">The buffer to copy from.</param>
    /// <param name="first">The index of the first element to copy.</param>
    /// <param name="length">The number of elements to copy.</param>
    /// <param name="stream">The stream that runs the copy. If null, the default stream is used.</param>
    /// <param name="start">The index in this buffer to copy to.</param>
    /// <exception cref="ArgumentException">The elements do not fit, or the source has fewer elements.</exception>
    /// <exception cref="CudaException">The driver rejected the call.</exception>
    public void CopyFromAsync(DeviceBuffer<T> source, long first, long length, CudaStream? stream = null, long start = 0)
    {
        ArgumentNullException.ThrowIfNull(source);
        ulong to = Range(start, length), from = source.Range(first, length);
        using (Context.Enter())
            Driver.Check(Api.cuMemcpyDtoDAsync_v2(to, from, (nuint)(length * sizeof(T)), CudaStream.HandleOf(stream)));
        GC.KeepAlive(this);
        GC.KeepAlive(source);
    }

    /// <summary>
    /// Starts a copy from host memory. Registered memory must not change until the stream reaches the end of the copy. Pageable memory is read during
    /// the call, or if the copy is captured, whenever the graph runs.
    /// </summary>
    /// <param name="source">The memory to copy from.</param>
    /// <param name="first">The index of the first element to copy.</param>
    /// <param name="length">The number of elements to copy.</param>
    /// <param name="stream">The stream that runs the copy.</param>
    /// <param name="start">The index in this buffer to copy to.</param>
    /// <exception cref="ArgumentException">The elements do not fit, or the source has fewer elements.</exception>
    /// <exception cref="CudaException">The driver rejected the call.</exception>
    public void CopyFromAsync(HostBuffer<T> source, long first, long length, CudaStream stream, long start = 0)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(stream);
        if (first < 0 || length < 0 || first > source.Length - length)
            throw new ArgumentException($"elements {first} to {first + length} are outside of host memory of {source.Length}", nameof(first));
        ulong to = Range(start, length);
        if (length == 0)
            return;
        using (Context.Enter())
            Driver.Check(Api.cuMemcpyHtoDAsync_v2(to, (T*)source.Handle + first, (nuint)length * (nuint)sizeof(T), stream.Handle));
        GC.KeepAlive(this);
        GC.KeepAlive(source);
        GC.KeepAlive(stream);
    }

    /// <summary>
    /// Starts a copy of a box of elements from host memory. Registered memory must not change until the stream reaches the end of the copy. Pageable
    /// memory is read during the call, or if the copy is captured, whenever the graph runs. Allocates nothing.
    /// </summary>
    /// <exception cref="ArgumentException">The box is not in the source, does not fit here, or has rows or slices that overlap.</exception>
    /// <exception cref="CudaException">The driver rejected the call: it limits a pitch to 2 GiB.</exception>
    public void CopyFromAsync(HostBuffer<T> source, in StridedCopy copy, CudaStream stream)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(stream);
        CopyBox(MemoryKind.Host, source.Handle, source.Length, copy, stream);
        GC.KeepAlive(source);
    }

    /// <summary>
    /// Starts a copy of a box of elements from pinned memory. That memory must not change until the stream reaches the end of the copy. Allocates
    /// nothing.
    /// </summary>
    /// <exception cref="ArgumentException">The box is not in the source, does not fit here, or has rows or slices that overlap.</exception>
    /// <exception cref="CudaException">The driver rejected the call: it limits a pitch to 2 GiB.</exception>
    public void CopyFromAsync(PinnedBuffer<T> source, in StridedCopy copy, CudaStream stream)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(stream);
        CopyBox(MemoryKind.Host, source.Handle, source.Length, copy, stream);
        GC.KeepAlive(source);
    }

    /// <summary>
    /// Starts a copy of a box of elements from a buffer on the device. If it is this buffer, the two boxes must not overlap. Allocates nothing.
    /// </summary>
    /// <exception cref="ArgumentException">The box is not in the source, does not fit here, or has rows or slices that overlap.</exception>
    /// <exception cref="CudaException">The driver rejected the call: it limits a pitch to 2 GiB.</exception>
    public void CopyFromAsync(DeviceBuffer<T> source, in StridedCopy copy, CudaStream? stream = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        CopyBox(MemoryKind.Device, source.Handle, source.Length, copy, stream);
        GC.KeepAlive(source);
    }

    /// <summary>Starts setting every byte.</summary>
    /// <exception cref="CudaException">The driver rejected the call.</exception>
    public void FillBytesAsync(byte value, CudaStream? stream = null)
    {
        using (Context.Enter())
            Driver.Check(Api.cuMemsetD8Async((ulong)Handle, value, (nuint)Bytes, CudaStream.HandleOf(stream)));
        GC.KeepAlive(this);
    }

    /// <summary>Starts setting every element. The element type must be four bytes in size.</summary>
    /// <exception cref="NotSupportedException">The element type has another size.</exception>
    /// <exception cref="CudaException">The driver rejected the call.</exception>
    public void FillAsync(T value, CudaStream? stream = null)
    {
        if (sizeof(T) != sizeof(uint))
            throw new NotSupportedException($"the driver fills with elements of 4 bytes, and {typeof(T).Name} has {sizeof(T)}; launch a kernel, or fill bytes");
        using (Context.Enter())
            Driver.Check(Api.cuMemsetD32Async((ulong)Handle, Unsafe.BitCast<T, uint>(value), (nuint)Length, CudaStream.HandleOf(stream)));
        GC.KeepAlive(this);
    }

    /// <summary>Passes the address of one element to a kernel.</summary>
    /// <exception cref="ArgumentException">There is no such element.</exception>
    public KernelArgument At(long index) => KernelArgument.FromAddress((nint)Range(index, 1), this);

    internal static DeviceBuffer<T> Allocate(CudaContext context, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, long.MaxValue / sizeof(T));
        ulong address;
        using (context.Enter())
        {
            CudaResult result = context.Api.cuMemAlloc_v2(&address, (nuint)length * (nuint)sizeof(T));
            if (result != CudaResult.Success)
                throw context.Driver.Failure(result, nameof(DriverTable.cuMemAlloc_v2), Explain(context, result, length));
        }
        return new(context, context, (nint)address, length, owned: true);
    }

    internal static DeviceBuffer<T> Wrap(CudaContext context, nint address, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        ulong start;
        nuint bytes;
        using (context.Enter())
        {
            context.Driver.Check(context.Api.cuPointerGetAttribute(&start, PointerProperty.RangeStart, (ulong)address));
            context.Driver.Check(context.Api.cuPointerGetAttribute(&bytes, PointerProperty.RangeBytes, (ulong)address));
        }
        ulong left = start + bytes - (ulong)address;
        if ((ulong)length > left / (ulong)sizeof(T))
            throw new ArgumentException($"{length} elements of {sizeof(T)} bytes do not fit: {left} bytes follow the address", nameof(length));
        return new(context, context, address, length, owned: false);
    }

    /// <summary>Memory that belongs to another object in the context. The buffer keeps that object alive.</summary>
    internal static DeviceBuffer<T> Part(ContextObject owner, nint address, long length) => new(owner.Context, owner, address, length, owned: false);

    private protected override CudaResult Release(nint value) => Api.cuMemFree_v2((ulong)value);

    private void CopyBox(MemoryKind kind, nint source, long length, in StridedCopy copy, CudaStream? stream)
    {
        if (!copy.IsIn(length, Length))
            return;
        nuint size = (nuint)sizeof(T);
        T* from = (T*)source + copy.Source.Start;
        var box = new MemoryCopy3D
        {
            SourceKind = kind,
            SourceHost = kind == MemoryKind.Host ? from : null,
            SourceDevice = kind == MemoryKind.Device ? (ulong)from : 0,
            SourcePitch = (nuint)copy.PitchOf(copy.Source) * size,
            SourceHeight = (nuint)copy.RowsOf(copy.Source),
            TargetKind = MemoryKind.Device,
            TargetDevice = (ulong)((T*)Handle + copy.Target.Start),
            TargetPitch = (nuint)copy.PitchOf(copy.Target) * size,
            TargetHeight = (nuint)copy.RowsOf(copy.Target),
            WidthBytes = (nuint)copy.Width * size,
            Height = (nuint)copy.Height,
            Depth = (nuint)copy.Depth,
        };
        using (Context.Enter())
            Driver.Check(Api.cuMemcpy3DAsync_v2(&box, CudaStream.HandleOf(stream)));
        GC.KeepAlive(this);
        GC.KeepAlive(stream);
    }

    private ulong Range(long start, long count)
    {
        if (start < 0 || count < 0 || start > Length - count)
            throw new ArgumentException($"elements {start} to {start + count} are outside of a buffer of {Length}");
        return (ulong)Handle + (ulong)(start * sizeof(T));
    }

    private static string? Explain(CudaContext context, CudaResult result, long length)
    {
        string asked = $"{length} elements of {sizeof(T)} bytes were asked for";
        nuint free, total;
        return result switch
        {
            CudaResult.InvalidValue when length == 0 => "a buffer cannot be empty",
            CudaResult.OutOfMemory when context.Api.cuMemGetInfo_v2(&free, &total) == CudaResult.Success =>
                $"{asked}, and {free} of {total} bytes are free; nvidia-smi shows who else uses the device",
            _ => null,
        };
    }
}
