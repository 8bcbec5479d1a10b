using System.Runtime.InteropServices;

namespace Sequoia.Interop;

/// <summary>The driver's result of a graph update (CUgraphExecUpdateResultInfo).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct GraphUpdateResult
{
    /// <summary>Whether the update succeeded, or why it failed.</summary>
    public GraphUpdateOutcome Outcome;

    /// <summary>The node that caused the failure (CUgraphNode), or 0.</summary>
    public nint ErrorNode;

    /// <summary>The start node of the edge that caused the failure (CUgraphNode), or 0.</summary>
    public nint ErrorFromNode;
}
