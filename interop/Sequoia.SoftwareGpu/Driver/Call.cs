using Sequoia.Interop;

namespace Sequoia.SoftwareGpu.Driver;

/// <summary>A driver call. It has exclusive access to the device and knows the calling thread's context.</summary>
internal ref struct Call
{
    [ThreadStatic]
    private static Stack<Context>? _contexts;

    private Lock.Scope _scope;

    public Call()
    {
        _scope = Gpu.Instance.Lock.EnterScope();
        if (!Gpu.Instance.IsInitialized)
        {
            _scope.Dispose();
            throw new DriverError(CudaResult.NotInitialized, "cuInit was not called");
        }
    }

    public static Stack<Context> Contexts => _contexts ??= new();

    public static Gpu Gpu => Gpu.Instance;

    /// <summary>The current context, which must exist and not be broken.</summary>
    public static Context Context
    {
        get
        {
            Context context = Contexts.TryPeek(out Context? top) && top is not null
                ? top : throw new DriverError(CudaResult.InvalidContext, "the calling thread has no current context");
            return Healthy(context);
        }
    }

    /// <summary>A context in which no kernel has failed.</summary>
    public static Context Healthy(Context context)
    {
        if (Gpu.Handles.IsGone(context))
            throw new DriverError(CudaResult.ContextIsDestroyed, "the context was destroyed");
        return context.Broken is { } code ? throw new DriverError(code, $"a kernel failed earlier: {context.BrokenBy}") : context;
    }

    public static int CheckDevice(int device) =>
        device == 0 ? device : throw new DriverError(CudaResult.InvalidDevice, $"there is no device {device}; the only one is 0");

    public void Dispose() => _scope.Dispose();
}
