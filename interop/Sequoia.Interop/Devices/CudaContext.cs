using System.Runtime.InteropServices;

namespace Sequoia.Interop;

/// <summary>
/// A device's context: memory, modules, streams and events belong to one. What is made in it keeps it alive, so that it is destroyed after its
/// last buffer whatever the order of disposal. Safe for use by several threads: a call makes it current where it is not, and puts back
/// what was current before.
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

    /// <summary>The device it is on.</summary>
    public CudaDevice Device { get; }

    /// <summary>The driver it belongs to.</summary>
    public CudaDriver Driver => Device.Driver;

    /// <summary>The driver's handle (CUcontext), for other bindings. Valid until this object is disposed of.</summary>
    public nint Handle
    {
        get
        {
            ObjectDisposedException.ThrowIf(IsClosed, this);
            return handle;
        }
    }

    /// <summary>
    /// Whether each launch waits for its kernel, so that an error names it; slow. Off unless the environment has SEQUOIA_SYNC=1.
    /// </summary>
    public bool SynchronousLaunches { get; set; } = Environment.GetEnvironmentVariable("SEQUOIA_SYNC") == "1";

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    internal ref readonly DriverTable Api => ref Driver.Api;

    /// <summary>The device's primary context, which the CUDA runtime and its libraries use as well.</summary>
    /// <exception cref="CudaException">The device is not usable.</exception>
    public static CudaContext Primary(CudaDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        nint context;
        device.Driver.Check(device.Driver.Api.cuDevicePrimaryCtxRetain(&context, device.Handle));
        return new CudaContext(device, context, Ownership.Primary);
    }

    /// <summary>A new context of one's own.</summary>
    /// <exception cref="CudaException">The device is not usable.</exception>
    public static CudaContext Create(CudaDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        nint context, popped;
        device.Driver.Check(device.Driver.Api.cuCtxCreate_v2(&context, 0, device.Handle));
        var created = new CudaContext(device, context, Ownership.Created);
        // The driver has made it current; the thread keeps what it had.
        device.Driver.Check(device.Driver.Api.cuCtxPopCurrent_v2(&popped));
        return created;
    }

    /// <summary>A context that somebody else made and will destroy, once nothing made here is left.</summary>
    /// <param name="driver">The driver it belongs to.</param>
    /// <param name="context">The handle (CUcontext).</param>
    /// <exception cref="CudaException">It is no context of this driver.</exception>
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

    /// <summary>Free and total memory of the device, in bytes.</summary>
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

    /// <summary>Waits for all work of the context.</summary>
    /// <exception cref="CudaException">Some of that work failed.</exception>
    public void Synchronize()
    {
        using (Enter())
            Driver.Check(Api.cuCtxSynchronize());
    }

    /// <summary>Memory on the device for <paramref name="length"/> elements, not initialised.</summary>
    /// <exception cref="CudaException">There is not so much, or the length is 0.</exception>
    public DeviceBuffer<T> Allocate<T>(long length) where T : unmanaged => DeviceBuffer<T>.Allocate(this, length);

    /// <summary>Memory on the device that holds these elements.</summary>
    /// <exception cref="CudaException">There is not so much, or there are no elements.</exception>
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

    /// <summary>Memory on the device that somebody else allocated and will free.</summary>
    /// <param name="address">Where it begins (CUdeviceptr).</param>
    /// <param name="length">How many elements of it to use.</param>
    /// <exception cref="CudaException">The driver does not know the address.</exception>
    /// <exception cref="ArgumentException">The allocation is smaller.</exception>
    public DeviceBuffer<T> Wrap<T>(nint address, long length) where T : unmanaged => DeviceBuffer<T>.Wrap(this, address, length);

    /// <summary>Memory of the host that the device copies from and to without detours, not initialised.</summary>
    /// <exception cref="CudaException">There is not so much, or the length is 0.</exception>
    public PinnedBuffer<T> AllocatePinned<T>(int length) where T : unmanaged => PinnedBuffer<T>.Allocate(this, length);

    /// <summary>A stream: work in order, beside that of other streams.</summary>
    /// <param name="nonBlocking">
    /// False: in order with the default stream too, where copies without a stream take place. True: independent of it.
    /// </param>
    /// <exception cref="CudaException">The context is lost.</exception>
    public CudaStream CreateStream(bool nonBlocking = false) => CudaStream.Create(this, nonBlocking);

    /// <summary>An event: a mark in a stream.</summary>
    /// <param name="timing">Whether times between events can be asked for; without, events are cheaper.</param>
    /// <exception cref="CudaException">The context is lost.</exception>
    public CudaEvent CreateEvent(bool timing = true) => CudaEvent.Create(this, timing);

    /// <summary>Loads PTX text or a CUBIN.</summary>
    /// <exception cref="CudaException">The image does not fit this device; the message carries the driver's log.</exception>
    public CudaModule Load(ReadOnlySpan<byte> image, ModuleOptions? options = null) => CudaModule.Load(this, image, options);

    /// <summary>Loads what NVRTC has made; its kernels are found by the names that they have in the source.</summary>
    /// <exception cref="CudaException">The image does not fit this device; the message carries the driver's log.</exception>
    public CudaModule Load(CompiledKernels kernels, ModuleOptions? options = null) => CudaModule.Load(this, kernels, options);

    /// <summary>Times work on the device: warmed up, between two events, with other data through the cache before each run.</summary>
    /// <param name="work">Queues the work on the stream that it is given, and does not wait.</param>
    /// <param name="options">How often; the defaults if null.</param>
    /// <remarks>A software device's events follow a cost model that says nothing about a GPU: look at its counters instead.</remarks>
    /// <exception cref="CudaException">The work failed.</exception>
    public BenchmarkTimes Benchmark(Action<CudaStream> work, BenchmarkOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(work);
        return Interop.Benchmark.Run(this, work, options ?? new BenchmarkOptions());
    }

    /// <summary>
    /// Compiles a source for this device and loads it: as a CUBIN, or as PTX where the driver takes no CUBIN of NVRTC's. The options' architecture
    /// is overridden.
    /// </summary>
    /// <exception cref="CompileException">It does not compile; the exception carries the log.</exception>
    /// <exception cref="CudaException">The driver refused the result.</exception>
    public CudaModule Compile(CudaCompiler compiler, string source, CompileOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(compiler);
        options = (options ?? new CompileOptions()) with { Architecture = compiler.ArchitectureFor(Device) };
        CompiledKernels kernels = compiler.Compile(source, options);
        try
        {
            return Load(kernels);
        }
        catch (CudaException e) when (kernels.IsCubin && (e.Code is CudaResult.InvalidImage or CudaResult.NoBinaryForGpu))
        {
            // Drivers older than NVRTC, and drivers that stand in for NVIDIA's under its library's name.
            return Load(compiler.Compile(source, options with { Architecture = options.Architecture.Replace("sm_", "compute_", StringComparison.Ordinal) }));
        }
    }

    /// <summary>Makes it the thread's current context until the result is disposed of, on the same thread.</summary>
    internal CurrentContext Enter() => new(Driver, Handle);

    /// <summary>The same for those who hold a reference to it, after it was disposed of.</summary>
    internal CurrentContext EnterToRelease() => new(Driver, handle);

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => _ownership switch
    {
        Ownership.Created => Api.cuCtxDestroy_v2(handle) == CudaResult.Success,
        Ownership.Primary => Api.cuDevicePrimaryCtxRelease_v2(Device.Handle) == CudaResult.Success,
        _ => true,
    };
}
