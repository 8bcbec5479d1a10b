namespace Sequoia.SoftwareGpu.Driver;

/// <summary>A module loaded in a context.</summary>
internal sealed class Module(Context context, PtxModule ptx) : Handled
{
    // The same kernel always has the same handle.
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

/// <summary>A kernel in a loaded module, with its settable properties.</summary>
internal sealed class Function(Context context, Kernel kernel) : Handled
{
    public Context Context => context;

    public Kernel Kernel => kernel;

    /// <summary>The maximum dynamic shared memory per launch. More than the default requires opting in.</summary>
    public int MaxDynamicSharedBytes { get; set; } = Math.Max(0, DeviceLimits.SharedBytesPerBlock - kernel.StaticSharedBytes);

    /// <summary>The preferred share of the L1 cache used as shared memory, in percent; -1 leaves it to the driver. It changes nothing here.</summary>
    public int PreferredSharedCarveout { get; set; } = -1;

    public int MaxThreads => kernel.MaxThreads is var (x, y, z) ? Math.Min(x * y * z, DeviceLimits.ThreadsPerBlock) : DeviceLimits.ThreadsPerBlock;
}
