using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Sequoia.Interop;

/// <summary>A kernel of a module, which it keeps loaded unless that is disposed of. Safe for use by several threads.</summary>
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

    /// <summary>The module it is in.</summary>
    public CudaModule Module { get; }

    /// <summary>The name by which it was asked for.</summary>
    public string Name { get; }

    /// <summary>The driver's handle (CUfunction), for other bindings. Valid until the module is disposed of.</summary>
    public nint Handle
    {
        get
        {
            ObjectDisposedException.ThrowIf(Module.IsClosed, this);
            return _function;
        }
    }

    /// <summary>Registers of a thread.</summary>
    public int Registers => this[KernelProperty.Registers];

    /// <summary>Static shared memory of a block, in bytes.</summary>
    public int SharedBytes => this[KernelProperty.SharedBytes];

    /// <summary>Local memory of a thread, in bytes: stack and spills.</summary>
    public int LocalBytes => this[KernelProperty.LocalBytes];

    /// <summary>The most threads of a block.</summary>
    public int MaxThreadsPerBlock => this[KernelProperty.MaxThreadsPerBlock];

    /// <summary>
    /// The most dynamic shared memory with which it can be launched, in bytes. More than 48 KiB must be asked for by setting it, up to
    /// <see cref="DeviceProperty.MaxSharedBytesPerBlockOptIn"/>.
    /// </summary>
    public int MaxDynamicSharedBytes
    {
        get => this[KernelProperty.MaxDynamicSharedBytes];
        set => this[KernelProperty.MaxDynamicSharedBytes] = value;
    }

    /// <summary>The size of each parameter, in bytes; null where the driver cannot tell (before CUDA 12.4).</summary>
    public IReadOnlyList<int>? ParameterBytes => _parameters?.Bytes;

    private CudaContext Context => Module.Context;

    /// <summary>Asks for, or sets, one number about the kernel.</summary>
    /// <exception cref="CudaException">The driver refused, or the number cannot be set.</exception>
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

    /// <summary>How many blocks are resident on one multiprocessor.</summary>
    /// <param name="threadsPerBlock">Threads of a block.</param>
    /// <param name="sharedBytes">Dynamic shared memory of a block, in bytes.</param>
    /// <exception cref="CudaException">The driver refused.</exception>
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

    /// <summary>Launches it in the default stream without dynamic shared memory.</summary>
    /// <inheritdoc cref="Launch(Dim3, Dim3, int, CudaStream?, ReadOnlySpan{KernelArgument})"/>
    public void Launch(Dim3 grid, Dim3 block, params ReadOnlySpan<KernelArgument> arguments) =>
        Launch(grid, block, 0, null, false, arguments);

    /// <summary>
    /// Launches it. Allocates nothing. Where the driver knows the kernel's parameters (CUDA 12.4 and later), the arguments are checked
    /// against them; otherwise a wrong argument goes unnoticed.
    /// </summary>
    /// <param name="grid">Blocks.</param>
    /// <param name="block">Threads of a block.</param>
    /// <param name="sharedBytes">Dynamic shared memory of a block, in bytes.</param>
    /// <param name="stream">The stream; null is the default stream.</param>
    /// <param name="arguments">One for each parameter, each of exactly its size.</param>
    /// <exception cref="ArgumentException">The arguments do not fit the parameters.</exception>
    /// <exception cref="CudaException">The driver refused, or earlier work failed.</exception>
    public void Launch(Dim3 grid, Dim3 block, int sharedBytes, CudaStream? stream, params ReadOnlySpan<KernelArgument> arguments) =>
        Launch(grid, block, sharedBytes, stream, false, arguments);

    /// <summary>Launches it so that its blocks can wait for each other; all of them must fit on the device at once.</summary>
    /// <inheritdoc cref="Launch(Dim3, Dim3, int, CudaStream?, ReadOnlySpan{KernelArgument})"/>
    public void LaunchCooperative(Dim3 grid, Dim3 block, int sharedBytes, CudaStream? stream, params ReadOnlySpan<KernelArgument> arguments) =>
        Launch(grid, block, sharedBytes, stream, true, arguments);

    /// <summary>The name.</summary>
    public override string ToString() => Name;

    [SkipLocalsInit]
    private void Launch(Dim3 grid, Dim3 block, int sharedBytes, CudaStream? stream, bool cooperative, ReadOnlySpan<KernelArgument> arguments)
    {
        if (_parameters is not null)
            _parameters.Check(arguments);
        else
            KernelParameters.CheckCount(arguments.Length, Name);
        CudaContext context = Context;
        nint function = Handle, queue = CudaStream.HandleOf(stream);
        void** pointers = stackalloc void*[arguments.Length];
        CudaResult result;
        // The span may lie in an array, which the garbage collector moves.
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
                result = cooperative
                    ? api.cuLaunchCooperativeKernel(
                        function, (uint)grid.X, (uint)grid.Y, (uint)grid.Z, (uint)block.X, (uint)block.Y, (uint)block.Z, (uint)sharedBytes, queue, pointers)
                    : api.cuLaunchKernel(
                        function, (uint)grid.X, (uint)grid.Y, (uint)grid.Z, (uint)block.X, (uint)block.Y, (uint)block.Z, (uint)sharedBytes, queue, pointers, null);
                if (result != CudaResult.Success || context.SynchronousLaunches)
                    LaunchProblem.Check(this, result, grid, block, sharedBytes, queue, cooperative);
            }
        }
        GC.KeepAlive(this);
        GC.KeepAlive(stream);
    }
}
