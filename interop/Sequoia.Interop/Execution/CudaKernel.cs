using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Sequoia.Interop;

/// <summary>A kernel in a module. It keeps the module loaded until the module is disposed. Thread-safe.</summary>
public sealed unsafe class CudaKernel
{
    private readonly nint _function;
    private readonly KernelParameters? _parameters;

    internal CudaKernel(CudaModule module, nint function, string name)
    {
        Module = module;
        _function = function;
        Name = name;
        _parameters = KernelParameters.Of(module, function, name);
    }

    /// <summary>The kernel's module.</summary>
    public CudaModule Module { get; }

    /// <summary>The name with which the kernel was requested.</summary>
    public string Name { get; }

    /// <summary>The driver's handle (CUfunction), for other bindings. Valid until the module is disposed.</summary>
    public nint Handle
    {
        get
        {
            ObjectDisposedException.ThrowIf(Module.IsClosed, this);
            return _function;
        }
    }

    /// <summary>The number of registers per thread.</summary>
    public int Registers => this[KernelProperty.Registers];

    /// <summary>The static shared memory per block, in bytes.</summary>
    public int SharedBytes => this[KernelProperty.SharedBytes];

    /// <summary>The local memory per thread, in bytes: stack and spills.</summary>
    public int LocalBytes => this[KernelProperty.LocalBytes];

    /// <summary>The maximum number of threads per block.</summary>
    public int MaxThreadsPerBlock => this[KernelProperty.MaxThreadsPerBlock];

    /// <summary>
    /// The maximum dynamic shared memory per launch, in bytes. To use more than 48 KiB, set this property, up to
    /// <see cref="DeviceProperty.MaxSharedBytesPerBlockOptIn"/>.
    /// </summary>
    public int MaxDynamicSharedBytes
    {
        get => this[KernelProperty.MaxDynamicSharedBytes];
        set => this[KernelProperty.MaxDynamicSharedBytes] = value;
    }

    /// <summary>The size of each parameter, in bytes. Null if the driver does not report it (before CUDA 12.4).</summary>
    public IReadOnlyList<int>? ParameterBytes => _parameters?.Bytes;

    private CudaContext Context => Module.Context;

    /// <summary>Gets or sets the value of a kernel property.</summary>
    /// <exception cref="CudaException">The driver rejected the call, or the property cannot be set.</exception>
    public int this[KernelProperty property]
    {
        get
        {
            int value;
            using (Context.Enter())
                Context.Driver.Check(Context.Api.cuFuncGetAttribute(&value, property, Handle));
            GC.KeepAlive(this);
            return value;
        }
        set
        {
            using (Context.Enter())
                Context.Driver.Check(Context.Api.cuFuncSetAttribute(Handle, property, value));
            GC.KeepAlive(this);
        }
    }

    /// <summary>Gets the number of blocks resident on one multiprocessor.</summary>
    /// <param name="threadsPerBlock">The number of threads per block.</param>
    /// <param name="sharedBytes">The dynamic shared memory per block, in bytes.</param>
    /// <exception cref="CudaException">The driver rejected the call.</exception>
    public int BlocksPerMultiprocessor(int threadsPerBlock, int sharedBytes = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(threadsPerBlock);
        ArgumentOutOfRangeException.ThrowIfNegative(sharedBytes);
        int blocks;
        using (Context.Enter())
            Context.Driver.Check(Context.Api.cuOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, Handle, threadsPerBlock, (nuint)sharedBytes));
        GC.KeepAlive(this);
        return blocks;
    }

    /// <summary>Launches the kernel in the default stream without dynamic shared memory.</summary>
    /// <inheritdoc cref="Launch(Dim3, Dim3, int, CudaStream?, ReadOnlySpan{KernelArgument})"/>
    public void Launch(Dim3 grid, Dim3 block, params ReadOnlySpan<KernelArgument> arguments) =>
        Launch(grid, block, 0, null, LaunchKind.Plain, arguments);

    /// <summary>
    /// Launches the kernel. It allocates nothing. If the driver reports the kernel's parameters (CUDA 12.4 and later), the arguments are checked
    /// against them. Otherwise a wrong argument is not detected.
    /// </summary>
    /// <param name="grid">The number of blocks.</param>
    /// <param name="block">The number of threads per block.</param>
    /// <param name="sharedBytes">The dynamic shared memory per block, in bytes.</param>
    /// <param name="stream">The stream. If null, the default stream is used.</param>
    /// <param name="arguments">One argument for each parameter, each of exactly the parameter's size.</param>
    /// <exception cref="ArgumentException">The arguments do not match the parameters.</exception>
    /// <exception cref="CudaException">The driver rejected the launch, or earlier work failed.</exception>
    public void Launch(Dim3 grid, Dim3 block, int sharedBytes, CudaStream? stream, params ReadOnlySpan<KernelArgument> arguments) =>
        Launch(grid, block, sharedBytes, stream, LaunchKind.Plain, arguments);

    /// <summary>Launches the kernel so that its blocks can wait for each other. All blocks must fit on the device at once.</summary>
    /// <inheritdoc cref="Launch(Dim3, Dim3, int, CudaStream?, ReadOnlySpan{KernelArgument})"/>
    public void LaunchCooperative(Dim3 grid, Dim3 block, int sharedBytes, CudaStream? stream, params ReadOnlySpan<KernelArgument> arguments) =>
        Launch(grid, block, sharedBytes, stream, LaunchKind.Cooperative, arguments);

    /// <summary>
    /// Launches the kernel so that its blocks may start while the kernel before it in the stream still runs (programmatic dependent launch): once all
    /// blocks of that kernel have executed griddepcontrol.launch_dependents or ended. The kernel must execute griddepcontrol.wait before it uses what
    /// earlier work wrote, or overwrites what earlier work reads. Needs compute capability 9.0; in a captured stream also a driver of CUDA 12.3.
    /// </summary>
    /// <inheritdoc cref="Launch(Dim3, Dim3, int, CudaStream?, ReadOnlySpan{KernelArgument})"/>
    public void LaunchDependent(Dim3 grid, Dim3 block, int sharedBytes, CudaStream? stream, params ReadOnlySpan<KernelArgument> arguments) =>
        Launch(grid, block, sharedBytes, stream, LaunchKind.Dependent, arguments);

    /// <summary>The kernel's name.</summary>
    public override string ToString() => Name;

    [SkipLocalsInit]
    private void Launch(Dim3 grid, Dim3 block, int sharedBytes, CudaStream? stream, LaunchKind kind, ReadOnlySpan<KernelArgument> arguments)
    {
        if (_parameters is not null)
            _parameters.Check(arguments);
        else
            KernelParameters.CheckCount(arguments.Length, Name);
        CudaContext context = Context;
        nint function = Handle, queue = CudaStream.HandleOf(stream);
        void** pointers = stackalloc void*[arguments.Length];
        CudaResult result;
        // The span may lie in an array, which the garbage collector can move.
        fixed (byte* _ = &Unsafe.As<KernelArgument, byte>(ref MemoryMarshal.GetReference(arguments)))
        {
            for (int i = 0; i < arguments.Length; i++)
            {
                ref readonly KernelArgument argument = ref arguments[i];
                pointers[i] = argument.Elsewhere != null ? argument.Elsewhere : Unsafe.AsPointer(ref Unsafe.AsRef(in argument.Value));
            }
            using (context.Enter())
            {
                ref readonly DriverTable api = ref context.Api;
                (uint x, uint y, uint z) = ((uint)grid.X, (uint)grid.Y, (uint)grid.Z);
                switch (kind)
                {
                    case LaunchKind.Cooperative:
                        result = api.cuLaunchCooperativeKernel(function, x, y, z, (uint)block.X, (uint)block.Y, (uint)block.Z, (uint)sharedBytes, queue, pointers);
                        break;
                    case LaunchKind.Dependent:
                        LaunchAttribute early = new() { Kind = LaunchAttributeKind.ProgrammaticStreamSerialization, Value = 1 };
                        LaunchConfig config = new()
                        {
                            GridX = x,
                            GridY = y,
                            GridZ = z,
                            BlockX = (uint)block.X,
                            BlockY = (uint)block.Y,
                            BlockZ = (uint)block.Z,
                            SharedBytes = (uint)sharedBytes,
                            Stream = queue,
                            Attributes = &early,
                            AttributeCount = 1,
                        };
                        result = api.cuLaunchKernelEx(&config, function, pointers, null);
                        break;
                    default:
                        result = api.cuLaunchKernel(function, x, y, z, (uint)block.X, (uint)block.Y, (uint)block.Z, (uint)sharedBytes, queue, pointers, null);
                        break;
                }
                if (result != CudaResult.Success || context.SynchronousLaunches)
                    LaunchProblem.Check(this, result, grid, block, sharedBytes, queue, kind);
            }
        }
        GC.KeepAlive(this);
        GC.KeepAlive(stream);
    }
}

/// <summary>How a kernel is launched.</summary>
internal enum LaunchKind
{
    Plain,
    Cooperative,
    Dependent,
}
