namespace Sequoia.Interop;

/// <summary>
/// Memory of the host that stays in place, so that devices copy from and to it while the host goes on. Kernels can also use it
/// directly, over the bus. The host must not touch what the device is using.
/// </summary>
/// <typeparam name="T">The element.</typeparam>
public sealed unsafe class PinnedBuffer<T> : ContextObject where T : unmanaged
{
    private const uint Mapped = 2;

    private PinnedBuffer(CudaContext context, nint address, int length) : base(context, context, address, owned: true) => Length = length;

    /// <summary>How many elements.</summary>
    public int Length { get; }

    /// <summary>How many bytes.</summary>
    public long Bytes => (long)Length * sizeof(T);

    /// <summary>The elements. Not to be used once the buffer is disposed of, or nothing refers to it any more.</summary>
    public Span<T> Span => new((void*)Handle, Length);

    /// <summary>Where kernels find it (CUdeviceptr).</summary>
    /// <exception cref="CudaException">The device cannot use memory of the host.</exception>
    public nint DeviceAddress
    {
        get
        {
            ulong address;
            using (Context.Enter())
                Driver.Check(Api.cuMemHostGetDevicePointer_v2(&address, (void*)Handle, 0));
            GC.KeepAlive(this);
            return (nint)address;
        }
    }

    /// <summary>A kernel's argument: the address at which the device finds the buffer.</summary>
    /// <exception cref="CudaException">The device cannot use memory of the host.</exception>
    public static implicit operator KernelArgument(PinnedBuffer<T> buffer)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        return KernelArgument.FromAddress(buffer.DeviceAddress, buffer);
    }

    internal static PinnedBuffer<T> Allocate(CudaContext context, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        void* address;
        using (context.Enter())
        {
            CudaResult result = context.Api.cuMemHostAlloc(&address, (nuint)length * (nuint)sizeof(T), Mapped);
            if (result != CudaResult.Success)
            {
                throw context.Driver.Failure(
                    result,
                    nameof(DriverTable.cuMemHostAlloc),
                    length == 0 ? "a buffer cannot be empty" : null);
            }
        }
        return new(context, (nint)address, length);
    }

    private protected override CudaResult Release(nint value) => Api.cuMemFreeHost((void*)value);
}
