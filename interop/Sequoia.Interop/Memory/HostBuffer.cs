using System.Runtime.InteropServices;

namespace Sequoia.Interop;

/// <summary>
/// Host memory that the caller owns, at an address that does not change, for copies to a device. Registered memory is pinned: devices copy from it
/// while the host continues, and kernels can access it over the bus. Pageable memory is copied through the driver's own buffers, which is slower.
/// Thread-safe; the host must not change memory that the device is using.
/// </summary>
/// <typeparam name="T">The element type.</typeparam>
/// <remarks>
/// Disposal unregisters the memory and leaves it to its owner. Wait for the work that uses it first, and dispose of the graphs that copy from it. A copy
/// must not span two registrations: drivers refuse it.
/// </remarks>
public sealed unsafe class HostBuffer<T> : ContextObject where T : unmanaged
{
    // The device maps the memory too, so that kernels have an address for it.
    private const uint Mapped = 2;

    private HostBuffer(CudaContext context, nint address, long length, SafeHandle? owner) : base(context, context, address, owned: true, owner) =>
        Length = length;

    /// <summary>The number of elements.</summary>
    public long Length { get; }

    /// <summary>The size in bytes.</summary>
    public long Bytes => Length * sizeof(T);

    /// <summary>Whether the memory is pinned. If not, it is pageable.</summary>
    public bool IsRegistered { get; private set; }

    /// <summary>The address that kernels use (CUdeviceptr).</summary>
    /// <exception cref="InvalidOperationException">The memory is pageable.</exception>
    /// <exception cref="CudaException">The device cannot access host memory.</exception>
    public nint DeviceAddress
    {
        get
        {
            if (!IsRegistered)
                throw new InvalidOperationException("kernels cannot access pageable memory; register it");
            ulong address;
            using (Context.Enter())
                Driver.Check(Api.cuMemHostGetDevicePointer_v2(&address, (void*)Handle, 0));
            GC.KeepAlive(this);
            return (nint)address;
        }
    }

    /// <summary>Passes the buffer's device address to a kernel.</summary>
    /// <exception cref="InvalidOperationException">The memory is pageable.</exception>
    /// <exception cref="CudaException">The device cannot access host memory.</exception>
    public static implicit operator KernelArgument(HostBuffer<T> buffer)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        return KernelArgument.FromAddress(buffer.DeviceAddress, buffer);
    }

    internal static HostBuffer<T> Register(CudaContext context, nint address, long length, SafeHandle? owner)
    {
        HostBuffer<T> buffer = Wrap(context, address, length, owner);
        try
        {
            using (context.Enter())
            {
                CudaResult result = context.Api.cuMemHostRegister_v2((void*)address, (nuint)buffer.Bytes, Mapped);
                if (result != CudaResult.Success)
                    throw HostRegistrationException.For(context.Driver, result, buffer.Bytes);
            }
            buffer.IsRegistered = true;
            return buffer;
        }
        catch
        {
            buffer.Dispose();
            throw;
        }
    }

    internal static HostBuffer<T> Wrap(CudaContext context, nint address, long length, SafeHandle? owner)
    {
        ArgumentOutOfRangeException.ThrowIfZero(address);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((ulong)length, (ulong.MaxValue >> 1) / (ulong)sizeof(T));
        ArgumentOutOfRangeException.ThrowIfGreaterThan((nuint)address, nuint.MaxValue - (nuint)(length * sizeof(T)), nameof(length));
        return new HostBuffer<T>(context, address, length, owner);
    }

    private protected override CudaResult Release(nint value) => IsRegistered ? Api.cuMemHostUnregister((void*)value) : CudaResult.Success;
}
