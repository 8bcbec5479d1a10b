namespace Sequoia.Interop;

/// <summary>
/// Host memory that stays in place, so that devices copy from and to it while the host continues. Kernels can also access it directly, over the
/// bus. The host must not access memory that the device is using.
/// </summary>
/// <typeparam name="T">The element type.</typeparam>
public sealed unsafe class PinnedBuffer<T> : ContextObject where T : unmanaged
{
    private const uint Mapped = 2;

    private PinnedBuffer(CudaContext context, nint address, int length) : base(context, context, address, owned: true) => Length = length;

    /// <summary>The number of elements.</summary>
    public int Length { get; }

    /// <summary>The size in bytes.</summary>
    public long Bytes => (long)Length * sizeof(T);

    /// <summary>The elements. Do not use the span after the buffer is disposed or no longer referenced.</summary>
    public Span<T> Span => new((void*)Handle, Length);

    /// <summary>The address that kernels use (CUdeviceptr).</summary>
    /// <exception cref="CudaException">The device cannot access host memory.</exception>
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

    /// <summary>Passes the buffer's device address to a kernel.</summary>
    /// <exception cref="CudaException">The device cannot access host memory.</exception>
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
