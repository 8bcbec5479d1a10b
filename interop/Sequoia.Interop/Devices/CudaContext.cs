using System.Runtime.InteropServices;

namespace Sequoia.Interop;

/// <summary>
/// A context on a device. Memory, modules, streams and events belong to a context and keep it alive. The context is destroyed after the last of
/// them, whatever the order of disposal. Thread-safe: each call makes the context current if necessary and restores the previous one.
/// </summary>
public sealed unsafe class CudaContext : SafeHandle
{
    private readonly Ownership _ownership;

    private CudaContext(CudaDevice device, nint context, Ownership ownership) : base(0, ownsHandle: true)
    {
        Device = device;
        _ownership = ownership;
        SetHandle(context);
    }

    private enum Ownership
    {
        Created,
        Primary,
        Wrapped,
    }

    /// <summary>The context's device.</summary>
    public CudaDevice Device { get; }

    /// <summary>The context's driver.</summary>
    public CudaDriver Driver => Device.Driver;

    /// <summary>The driver's handle (CUcontext), for other bindings. Valid until this object is disposed.</summary>
    public nint Handle
    {
        get
        {
            ObjectDisposedException.ThrowIf(IsClosed, this);
            return handle;
        }
    }

    /// <summary>
    /// Whether each launch waits for its kernel, so that an error names the kernel. This is slow. The default is off, unless SEQUOIA_SYNC=1 is set
    /// in the environment.
    /// </summary>
    public bool SynchronousLaunches { get; set; } = Environment.GetEnvironmentVariable("SEQUOIA_SYNC") == "1";

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    internal ref readonly DriverTable Api => ref Driver.Api;

    /// <summary>Gets the device's primary context, which the CUDA runtime and its libraries also use.</summary>
    /// <exception cref="CudaException">The device is not usable.</exception>
    public static CudaContext Primary(CudaDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        nint context;
        device.Driver.Check(device.Driver.Api.cuDevicePrimaryCtxRetain(&context, device.Handle));
        return new CudaContext(device, context, Ownership.Primary);
    }

    /// <summary>Creates a new context, which is not shared.</summary>
    /// <exception cref="CudaException">The device is not usable.</exception>
    public static CudaContext Create(CudaDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        nint context, popped;
        device.Driver.Check(device.Driver.Api.cuCtxCreate_v2(&context, 0, device.Handle));
        var created = new CudaContext(device, context, Ownership.Created);
        // The driver has made the new context current. Restore the thread's previous one.
        device.Driver.Check(device.Driver.Api.cuCtxPopCurrent_v2(&popped));
        return created;
    }

    /// <summary>Wraps a context that the caller owns. The caller destroys it after every object created in it here is gone.</summary>
    /// <param name="driver">The driver that the context belongs to.</param>
    /// <param name="context">The handle (CUcontext).</param>
    /// <exception cref="CudaException">The handle is not a context of this driver.</exception>
    public static CudaContext Wrap(CudaDriver driver, nint context)
    {
        ArgumentNullException.ThrowIfNull(driver);
        ArgumentOutOfRangeException.ThrowIfZero(context);
        int number;
        using (new CurrentContext(driver, context))
            driver.Check(driver.Api.cuCtxGetDevice(&number));
        int handle = number;
        CudaDevice device = driver.Devices.FirstOrDefault(device => device.Handle == handle)
            ?? throw new ArgumentException("the context's device is not among the driver's", nameof(context));
        return new CudaContext(device, context, Ownership.Wrapped);
    }

    /// <summary>The free and total memory of the device, in bytes.</summary>
    /// <exception cref="CudaException">The context is lost.</exception>
    public (long Free, long Total) Memory
    {
        get
        {
            nuint free, total;
            using (Enter())
                Driver.Check(Api.cuMemGetInfo_v2(&free, &total));
            return ((long)free, (long)total);
        }
    }

    /// <summary>Waits for all work in the context.</summary>
    /// <exception cref="CudaException">Some of that work failed.</exception>
    public void Synchronize()
    {
        using (Enter())
            Driver.Check(Api.cuCtxSynchronize());
    }

    /// <summary>Allocates uninitialized device memory for <paramref name="length"/> elements.</summary>
    /// <exception cref="CudaException">There is not enough memory, or the length is 0.</exception>
    public DeviceBuffer<T> Allocate<T>(long length) where T : unmanaged => DeviceBuffer<T>.Allocate(this, length);

    /// <summary>Allocates device memory and copies the elements to it.</summary>
    /// <exception cref="CudaException">There is not enough memory, or there are no elements.</exception>
    public DeviceBuffer<T> Upload<T>(ReadOnlySpan<T> elements) where T : unmanaged
    {
        DeviceBuffer<T> buffer = Allocate<T>(elements.Length);
        try
        {
            buffer.CopyFrom(elements);
            return buffer;
        }
        catch
        {
            buffer.Dispose();
            throw;
        }
    }

    /// <summary>Wraps device memory that the caller owns and frees.</summary>
    /// <param name="address">The start address (CUdeviceptr).</param>
    /// <param name="length">The number of elements to use.</param>
    /// <exception cref="CudaException">The driver does not know the address.</exception>
    /// <exception cref="ArgumentException">The allocation is smaller.</exception>
    public DeviceBuffer<T> Wrap<T>(nint address, long length) where T : unmanaged => DeviceBuffer<T>.Wrap(this, address, length);

    /// <summary>Allocates uninitialized pinned host memory, which the device copies from and to directly.</summary>
    /// <exception cref="CudaException">There is not enough memory, or the length is 0.</exception>
    public PinnedBuffer<T> AllocatePinned<T>(int length) where T : unmanaged => PinnedBuffer<T>.Allocate(this, length);

    /// <summary>
    /// Registers (pins) host memory that the caller owns, so that devices copy from it while the host continues and kernels can access it. It is
    /// unregistered when the result is disposed or collected.
    /// </summary>
    /// <param name="address">The address of the memory. It should start and end on page boundaries, since whole pages are pinned.</param>
    /// <param name="length">The number of elements.</param>
    /// <param name="owner">What frees the memory; it stays alive until the memory is unregistered. If null, the caller must see to that.</param>
    /// <exception cref="HostRegistrationException">The driver refuses to pin the memory. <see cref="WrapHost"/> can use it all the same.</exception>
    /// <exception cref="CudaException">The context is lost.</exception>
    public HostBuffer<T> RegisterHost<T>(nint address, long length, SafeHandle? owner = null) where T : unmanaged =>
        HostBuffer<T>.Register(this, address, length, owner);

    /// <summary>
    /// Wraps host memory that the caller owns without registering it. Copies from it are slower. A copy into a stream reads it during the call; a
    /// captured one reads it when the graph runs.
    /// </summary>
    /// <param name="address">The address of the memory.</param>
    /// <param name="length">The number of elements.</param>
    /// <param name="owner">What frees the memory; it stays alive as long as the result. If null, the caller must see to that.</param>
    public HostBuffer<T> WrapHost<T>(nint address, long length, SafeHandle? owner = null) where T : unmanaged =>
        HostBuffer<T>.Wrap(this, address, length, owner);

    /// <summary>Creates a stream. Its work runs in order, concurrently with other streams.</summary>
    /// <param name="nonBlocking">
    /// If false, the stream also synchronizes with the default stream, which copies without a stream use. If true, it is independent of the default
    /// stream.
    /// </param>
    /// <exception cref="CudaException">The context is lost.</exception>
    public CudaStream CreateStream(bool nonBlocking = false) => CudaStream.Create(this, nonBlocking);

    /// <summary>Creates an event, a marker in a stream.</summary>
    /// <param name="timing">Whether the event records times. Events without timing are cheaper.</param>
    /// <exception cref="CudaException">The context is lost.</exception>
    public CudaEvent CreateEvent(bool timing = true) => CudaEvent.Create(this, timing);

    /// <summary>Loads PTX text or a CUBIN.</summary>
    /// <exception cref="CudaException">The image does not fit this device. The message contains the driver's log.</exception>
    public CudaModule Load(ReadOnlySpan<byte> image, ModuleOptions? options = null) => CudaModule.Load(this, image, options);

    /// <summary>Loads the output of NVRTC. Kernels are found by their names in the source.</summary>
    /// <exception cref="CudaException">The image does not fit this device. The message contains the driver's log.</exception>
    public CudaModule Load(CompiledKernels kernels, ModuleOptions? options = null) => CudaModule.Load(this, kernels, options);

    /// <summary>Times work on the device with events, after warm-up runs. The cache is flushed before each run.</summary>
    /// <param name="work">Queues the work on the given stream and does not wait.</param>
    /// <param name="options">The number of runs and other settings. If null, the defaults are used.</param>
    /// <remarks>On a software device, event times follow a cost model that says nothing about a GPU. Use the device's counters instead.</remarks>
    /// <exception cref="CudaException">The work failed.</exception>
    public BenchmarkTimes Benchmark(Action<CudaStream> work, BenchmarkOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(work);
        return Interop.Benchmark.Run(this, work, options ?? new BenchmarkOptions());
    }

    /// <summary>
    /// Compiles a source for this device and loads it, as a CUBIN, or as PTX if the driver does not accept NVRTC's CUBIN. The architecture in the
    /// options is overridden.
    /// </summary>
    /// <exception cref="CompileException">The source does not compile. The exception contains the log.</exception>
    /// <exception cref="CudaException">The driver rejected the compiled code.</exception>
    public CudaModule Compile(CudaCompiler compiler, string source, CompileOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(compiler);
        options ??= new CompileOptions();
        options = options with { Architecture = compiler.ArchitectureFor(Device) + (options.IsArchitectureSpecific ? "a" : "") };
        CompiledKernels kernels = compiler.Compile(source, options);
        try
        {
            return Load(kernels);
        }
        catch (CudaException e) when (kernels.IsCubin && (e.Code is CudaResult.InvalidImage or CudaResult.NoBinaryForGpu))
        {
            // Drivers older than NVRTC, and drivers that replace NVIDIA's under its library name.
            return Load(compiler.Compile(source, options with { Architecture = options.Architecture.Replace("sm_", "compute_", StringComparison.Ordinal) }));
        }
    }

    /// <summary>Makes this context the thread's current one until the result is disposed on the same thread.</summary>
    internal CurrentContext Enter() => new(Driver, Handle);

    /// <summary>The same for objects that still reference the context after it was disposed.</summary>
    internal CurrentContext EnterToRelease() => new(Driver, handle);

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => _ownership switch
    {
        Ownership.Created => Api.cuCtxDestroy_v2(handle) == CudaResult.Success,
        Ownership.Primary => Api.cuDevicePrimaryCtxRelease_v2(Device.Handle) == CudaResult.Success,
        _ => true,
    };
}
