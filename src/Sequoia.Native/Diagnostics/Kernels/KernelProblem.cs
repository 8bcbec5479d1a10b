using Sequoia.Interop;

namespace Sequoia.Native.Diagnostics.Kernels;

/// <summary>
/// One call of an engine's kernel on inputs made from a seed, beside its scalar twin and a reference on the host: in double precision, or bit for
/// bit where the results are defined to the bit. Buffers are guarded: outputs and workspace hold NaN before, and what lies around them must not
/// change. For one thread at a time; whoever asked for it disposes of it, while its context lives.
/// </summary>
public abstract class KernelProblem : IDisposable
{
    private protected KernelProblem()
    {
    }

    /// <summary>Sizes, types and whatever else it takes to tell it from others.</summary>
    public abstract string Shape { get; }

    /// <summary>Bytes of operands, results and stated workspace: what must move at least once.</summary>
    public abstract long Bytes { get; }

    /// <summary>Multiplications and additions of the formula; 0 where what it computes is no formula.</summary>
    public abstract long Flops { get; }

    /// <summary>Whether results must equal the reference's bits. A deviation is then none, or infinite.</summary>
    public virtual bool IsExact => false;

    /// <summary>Whether there is another kernel for the same that is slow and simple.</summary>
    public virtual bool HasTwin => true;

    /// <summary>Queues the kernel on the default stream.</summary>
    /// <exception cref="CudaException">The device refuses the launch.</exception>
    public void Launch() => Launch(null);

    /// <summary>Queues the kernel.</summary>
    /// <param name="stream">The stream; null is the default stream.</param>
    /// <exception cref="CudaException">The device refuses the launch.</exception>
    public abstract void Launch(CudaStream? stream);

    /// <summary>Queues the scalar twin on the default stream, with the same inputs and outputs.</summary>
    /// <exception cref="InvalidOperationException">It has none.</exception>
    /// <exception cref="CudaException">The device refuses the launch.</exception>
    public abstract void LaunchTwin();

    /// <summary>Puts outputs and workspace back to what they were before.</summary>
    public abstract void Reset();

    /// <summary>Waits for what was launched last, and compares the outputs with the reference.</summary>
    /// <exception cref="CudaException">The kernel failed.</exception>
    public abstract Deviation Compare();

    /// <summary>Frees its memory on device and host.</summary>
    public abstract void Dispose();
}
