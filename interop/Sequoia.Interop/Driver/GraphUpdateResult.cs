using System.Runtime.InteropServices;

namespace Sequoia.Interop;

/// <summary>What the driver says about an update of a graph (CUgraphExecUpdateResultInfo).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct GraphUpdateResult
{
    /// <summary>Whether it worked, or why not.</summary>
    public GraphUpdateOutcome Outcome;

    /// <summary>The node at fault (CUgraphNode), or 0.</summary>
    public nint ErrorNode;

    /// <summary>Where the faulty edge begins (CUgraphNode), or 0.</summary>
    public nint ErrorFromNode;
}
