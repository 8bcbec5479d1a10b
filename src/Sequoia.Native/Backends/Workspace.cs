namespace Sequoia.Native.Backends;

/// <summary>
/// The activations of passes of one model, for any sequences, and any other memory that a device needs for them. Passes that share a workspace
/// run in one queue. Other activations than accumulators are operands, in the type and layout in which the device multiplies.
/// </summary>
internal abstract class Workspace : IDisposable
{
    /// <summary>The residual stream.</summary>
    public abstract Accumulators Residual { get; }

    /// <summary>The residual stream normalised by an input norm or the final norm: an operand.</summary>
    public abstract Activations InputNormed { get; }

    /// <summary>The residual stream normalised by a post-attention norm: an operand.</summary>
    public abstract Activations PostAttentionNormed { get; }

    /// <summary>An operand.</summary>
    public abstract Activations Queries { get; }

    /// <summary>The output of attention: an operand.</summary>
    public abstract Activations Attended { get; }

    /// <summary>Hidden units: an operand.</summary>
    public abstract Activations Hidden { get; }

    public abstract Accumulators Logits { get; }

    public abstract void Dispose();
}

/// <summary>The capacity of a workspace.</summary>
/// <param name="Rows">The maximum number of rows of a pass.</param>
/// <param name="LogitRows">The number of rows of logits stored at a time.</param>
/// <param name="Positions">The maximum number of positions of a sequence, including the tree's rows.</param>
/// <param name="Children">The maximum number of children of a node.</param>
internal readonly record struct WorkspaceSize(int Rows, int LogitRows, int Positions, int Children);
