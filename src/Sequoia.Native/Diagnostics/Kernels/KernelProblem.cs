namespace Sequoia.Native.Diagnostics.Kernels;

/// <summary>
/// One call of an engine's kernel on inputs made from a seed, beside its scalar twin and a reference in double precision. Buffers are guarded:
/// outputs and workspace hold NaN before, and what lies around them must not change.
/// </summary>
internal abstract class KernelProblem : IDisposable
{
    /// <summary>Sizes, types and whatever else it takes to tell it from others.</summary>
    public abstract string Shape { get; }

    /// <summary>Bytes of operands, results and stated workspace: what must move at least once.</summary>
    public abstract long Bytes { get; }

    /// <summary>Multiplications and additions of the formula.</summary>
    public abstract long Flops { get; }

    /// <summary>Queues the kernel.</summary>
    public abstract void Launch();

    /// <summary>Queues the scalar twin, with the same inputs and outputs.</summary>
    public abstract void LaunchTwin();

    /// <summary>Puts outputs and workspace back to what they were before.</summary>
    public abstract void Reset();

    /// <summary>Compares the outputs with the reference.</summary>
    public abstract Deviation Compare();

    public abstract void Dispose();
}
