namespace Sequoia.Interop;

/// <summary>The outcome of updating an instantiated graph (CUgraphExecUpdateResult).</summary>
public enum GraphUpdateOutcome
{
    /// <summary>The update succeeded.</summary>
    Updated = 0,

    /// <summary>The update failed for another reason.</summary>
    Error = 1,

    /// <summary>Nodes or edges differ.</summary>
    TopologyChanged = 2,

    /// <summary>The type of a node changed.</summary>
    NodeTypeChanged = 3,

    /// <summary>A node calls another kernel (old drivers).</summary>
    FunctionChanged = 4,

    /// <summary>A parameter changed that must not change.</summary>
    ParametersChanged = 5,

    /// <summary>A node of this type cannot be updated.</summary>
    NotSupported = 6,

    /// <summary>A node calls a kernel that cannot replace the old one.</summary>
    UnsupportedFunctionChange = 7,

    /// <summary>An attribute changed that must not change.</summary>
    AttributesChanged = 8,
}
