namespace Sequoia.Interop;

/// <summary>Why an instantiated graph could not take over another (CUgraphExecUpdateResult).</summary>
public enum GraphUpdateOutcome
{
    /// <summary>It could.</summary>
    Updated = 0,

    /// <summary>For another reason.</summary>
    Error = 1,

    /// <summary>Nodes or edges differ.</summary>
    TopologyChanged = 2,

    /// <summary>A node is of another kind.</summary>
    NodeTypeChanged = 3,

    /// <summary>A node calls another kernel (old drivers).</summary>
    FunctionChanged = 4,

    /// <summary>A parameter changed that cannot change.</summary>
    ParametersChanged = 5,

    /// <summary>A node of this kind cannot be updated.</summary>
    NotSupported = 6,

    /// <summary>A node calls a kernel that cannot take the old one's place.</summary>
    UnsupportedFunctionChange = 7,

    /// <summary>An attribute changed that cannot change.</summary>
    AttributesChanged = 8,
}
