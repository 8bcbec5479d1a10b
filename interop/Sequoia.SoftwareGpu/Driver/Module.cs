namespace Sequoia.SoftwareGpu.Driver;

/// <summary>A loaded module of a context.</summary>
internal sealed class Module(Context context, PtxModule ptx) : Handled
{
    // The same kernel has the same handle however often it is asked for.
    private readonly Dictionary<string, Function> _functions = [];

    public PtxModule Ptx => ptx;

    public Function? Function(string name)
    {
        if (!_functions.TryGetValue(name, out Function? function) && ptx.Kernels.TryGetValue(name, out Kernel? kernel))
        {
            _functions[name] = function = context.Gpu.Handles.Add(new Function(context, kernel));
            context.Owned.Add(function);
        }
        return function;
    }

    public void Unload()
    {
        foreach (Function function in _functions.Values)
            context.Remove(function);
        context.Remove(this);
        ptx.Dispose();
    }
}

/// <summary>A kernel of a loaded module, with what may be set on it.</summary>
internal sealed class Function(Context context, Kernel kernel) : Handled
{
    public Context Context => context;

    public Kernel Kernel => kernel;

    /// <summary>The dynamic shared memory it may be launched with; more than the default must be opted in for.</summary>
    public int MaxDynamicSharedBytes { get; set; } = Math.Max(0, DeviceLimits.SharedBytesPerBlock - kernel.StaticSharedBytes);

    public int MaxThreads => kernel.MaxThreads is var (x, y, z) ? Math.Min(x * y * z, DeviceLimits.ThreadsPerBlock) : DeviceLimits.ThreadsPerBlock;
}
