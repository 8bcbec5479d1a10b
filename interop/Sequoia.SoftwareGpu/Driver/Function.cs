namespace Sequoia.SoftwareGpu.Driver;

/// <summary>A kernel of a loaded module, with what may be set on it.</summary>
internal sealed class Function(Context context, Kernel kernel) : Handled
{
    public Context Context => context;

    public Kernel Kernel => kernel;

    /// <summary>The dynamic shared memory it may be launched with; more than the default must be opted in for.</summary>
    public int MaxDynamicSharedBytes { get; set; } = Math.Max(0, DeviceLimits.SharedBytesPerBlock - kernel.StaticSharedBytes);

    public int MaxThreads => kernel.MaxThreads is var (x, y, z) ? Math.Min(x * y * z, DeviceLimits.ThreadsPerBlock) : DeviceLimits.ThreadsPerBlock;
}
