namespace Sequoia.Native.Backends;

/// <summary>
/// The activations of passes of one model, whatever sequences they are for, and whatever else a device needs beside them. Passes that share one
/// run in one queue. Activations are accumulators (fp32) or matmul operands (what the device multiplies in).
/// </summary>
internal abstract class Workspace : IDisposable
{
    /// <summary>The residual stream: an accumulator.</summary>
    public abstract Activations Residual { get; }

    /// <summary>Normalised rows: an operand.</summary>
    public abstract Activations Normed { get; }

    /// <summary>An operand.</summary>
    public abstract Activations Queries { get; }

    /// <summary>What attention gives: an operand.</summary>
    public abstract Activations Attended { get; }

    /// <summary>Hidden units: an operand.</summary>
    public abstract Activations Hidden { get; }

    /// <summary>An accumulator.</summary>
    public abstract Activations Logits { get; }

    public abstract void Dispose();
}

/// <summary>How much a workspace has room for.</summary>
/// <param name="Rows">The most rows of a pass.</param>
/// <param name="LogitRows">Rows of logits that are kept at a time.</param>
/// <param name="Positions">The most positions of a sequence, the tree's rows included.</param>
/// <param name="Children">The most children of a node.</param>
internal readonly record struct WorkspaceSize(int Rows, int LogitRows, int Positions, int Children);
