using Sequoia.Interop;

namespace Sequoia.Native.Backends.Cuda.Checks;

/// <summary>
/// One call of an engine's kernel on inputs made from a seed, beside its scalar twin and a reference on the host: in double precision, or bit for
/// bit where the results are defined to the bit. Buffers are guarded: outputs and workspace hold NaN before, and what lies around them must not
/// change. For one thread at a time; whoever asked for it disposes of it, while its context lives.
/// </summary>
internal abstract class KernelProblem : IDisposable
{
    private readonly List<IDisposable> _parts = [];

    private protected KernelProblem()
    {
    }

    /// <summary>Sizes, types, seed, and what else makes it differ from others.</summary>
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
    public virtual void LaunchTwin() => throw new InvalidOperationException($"{Shape}: there is no twin");

    /// <summary>Puts outputs and workspace back to what they were before.</summary>
    public void Reset()
    {
        foreach (IGuarded part in _parts.OfType<IGuarded>())
            part.Reset();
    }

    /// <summary>Waits for what was launched last, and compares the outputs with the reference.</summary>
    /// <exception cref="CudaException">The kernel failed.</exception>
    public abstract Deviation Compare();

    /// <summary>Goes on to the same call with other random numbers, if it has any; false if it has none, or no more. What was launched is reset.</summary>
    public virtual bool Advance() => false;

    /// <summary>Frees its memory on device and host.</summary>
    public void Dispose()
    {
        foreach (IDisposable part in _parts)
            part.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Something that goes with the problem, and is reset with it if it is guarded.</summary>
    private protected T Own<T>(T part) where T : IDisposable
    {
        _parts.Add(part);
        return part;
    }
}

/// <summary>A problem whose results are defined to the bit.</summary>
internal abstract class ExactProblem : KernelProblem
{
    public sealed override bool IsExact => true;

    public override long Flops => 0;

    public sealed override Deviation Compare() => FirstDifference() is { } where ? new(double.PositiveInfinity, where) : new(0, "nowhere");

    /// <summary>Where the outputs are not as they should be, with the values; null if nowhere.</summary>
    protected abstract string? FirstDifference();
}

/// <summary>How far results are from a reference.</summary>
/// <param name="Worst">The largest distance as a multiple of what rounding allows at that place; infinite for a NaN that should be none.</param>
/// <param name="Where">The place with its values, for people to read.</param>
internal readonly record struct Deviation(double Worst, string Where)
{
    /// <summary>Whether rounding explains it.</summary>
    public bool IsWithinRounding => Worst <= 1;
}

/// <summary>A number, and how far from it a result may be.</summary>
internal readonly record struct Bounded(double Value, double Error)
{
    /// <summary>Rounded to the nearest element: half of its last place, at the largest value that it may have.</summary>
    public Bounded Narrowed(Element element)
    {
        (int bits, int least) = element == Element.F16 ? (11, -25) : (8, -134);
        // 0 has the least exponent of all integers.
        int exponent = Math.Max(Math.ILogB(Math.Abs(Value) + Error), least);
        return this with { Error = Error + Math.ScaleB(1, Math.Max(exponent - bits, least)) };
    }
}

/// <summary>The worst of the results compared so far.</summary>
internal sealed class WorstResult
{
    /// <summary>How far it is from what it should be.</summary>
    public Deviation Deviation { get; private set; } = new(0, "nowhere");

    public void Add(float found, Bounded expected, int row, int output)
    {
        double distance = Math.Abs(found - expected.Value), ratio = float.IsNaN(found) ? double.PositiveInfinity : distance / expected.Error;
        // A product whose terms are all 0 must be 0.
        ratio = distance == 0 ? 0 : ratio;
        if (ratio > Deviation.Worst)
            Deviation = new(ratio, $"row {row}, output {output}: {found:R}, expected {expected.Value:R} within {expected.Error:G3}");
    }
}
