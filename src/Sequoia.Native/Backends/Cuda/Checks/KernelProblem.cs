using Sequoia.Interop;

namespace Sequoia.Native.Backends.Cuda.Checks;

/// <summary>
/// One call of an engine kernel on inputs made from a seed, with its scalar twin and a reference on the host: in double precision, or bit for
/// bit if the results are defined to the bit. Buffers are guarded: outputs and workspace hold NaN before, and the memory around them must not
/// change. For one thread at a time; the caller disposes it, while its context lives.
/// </summary>
internal abstract class KernelProblem : IDisposable
{
    private readonly List<IDisposable> _parts = [];

    private protected KernelProblem()
    {
    }

    /// <summary>Sizes, types, seed, and other properties that distinguish the problem.</summary>
    public abstract string Shape { get; }

    /// <summary>Bytes of operands, results and documented workspace: the minimum memory traffic.</summary>
    public abstract long Bytes { get; }

    /// <summary>Multiplications and additions of the formula; 0 if the kernel does not compute a formula.</summary>
    public abstract long Flops { get; }

    /// <summary>Whether results must equal the reference's bits. A deviation is then zero or infinite.</summary>
    public virtual bool IsExact => false;

    /// <summary>Whether there is a slow and simple twin kernel with the same result.</summary>
    public virtual bool HasTwin => true;

    /// <summary>Queues the kernel on the default stream.</summary>
    /// <exception cref="CudaException">The device rejects the launch.</exception>
    public void Launch() => Launch(null);

    /// <summary>Queues the kernel.</summary>
    /// <param name="stream">The stream; null is the default stream.</param>
    /// <exception cref="CudaException">The device rejects the launch.</exception>
    public abstract void Launch(CudaStream? stream);

    /// <summary>Queues the scalar twin on the default stream, with the same inputs and outputs.</summary>
    /// <exception cref="InvalidOperationException">The kernel has no twin.</exception>
    /// <exception cref="CudaException">The device rejects the launch.</exception>
    public virtual void LaunchTwin() => throw new InvalidOperationException($"{Shape}: there is no twin");

    /// <summary>Restores outputs and workspace to their initial contents.</summary>
    public void Reset()
    {
        foreach (IGuarded part in _parts.OfType<IGuarded>())
            part.Reset();
    }

    /// <summary>Queues the kernel again and again from a graph, each time on the initial contents.</summary>
    /// <param name="context">The kernel's context, in which it has been launched before.</param>
    /// <param name="replays">The number of launches.</param>
    /// <param name="before">Called before each of them, with its number.</param>
    /// <returns>The first launch whose outputs or workspace differ from those of launch 0, and where; null if all are equal, as they must be.</returns>
    /// <exception cref="CudaException">The kernel failed.</exception>
    public (int Replay, string Where)? FirstDifferentReplay(CudaContext context, int replays, Action<int> before)
    {
        using CudaStream stream = context.CreateStream(nonBlocking: true);
        using CudaGraph graph = stream.Capture(() => Launch(stream));
        using ExecutableGraph replay = graph.Instantiate();
        for (int i = 0; i < replays; i++)
        {
            Reset();
            before(i);
            replay.Launch(stream);
            stream.Synchronize();
            foreach (IGuarded part in _parts.OfType<IGuarded>())
            {
                if (i == 0)
                    part.Remember();
                else if (part.FirstChange() is { } change)
                    return (i, change);
            }
        }
        return null;
    }

    /// <summary>Waits for the last launch, and compares the outputs with the reference.</summary>
    /// <exception cref="CudaException">The kernel failed.</exception>
    public abstract Deviation Compare();

    /// <summary>Advances to the same call with other random numbers, if it has any; false if it has none, or no more. Launched work is reset.</summary>
    public virtual bool Advance() => false;

    /// <summary>Frees its memory on device and host.</summary>
    public void Dispose()
    {
        foreach (IDisposable part in _parts)
            part.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>An object owned by the problem, which is reset with it if it is guarded.</summary>
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

    /// <summary>The position of a wrong output, with the values; null if all are correct.</summary>
    protected abstract string? FirstDifference();
}

/// <summary>The deviation of results from a reference.</summary>
/// <param name="Worst">The largest error as a multiple of the rounding bound at that position; infinite for an unexpected NaN.</param>
/// <param name="Where">A readable position with its values.</param>
internal readonly record struct Deviation(double Worst, string Where)
{
    /// <summary>Whether rounding explains the deviation.</summary>
    public bool IsWithinRounding => Worst <= 1;
}

/// <summary>A number with the error bound of a result.</summary>
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
    /// <summary>The deviation from the expected value.</summary>
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
