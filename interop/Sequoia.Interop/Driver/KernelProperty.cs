namespace Sequoia.Interop;

/// <summary>What can be asked of a kernel (CUfunction_attribute).</summary>
public enum KernelProperty
{
    /// <summary>The most threads of a block with which it can be launched.</summary>
    MaxThreadsPerBlock = 0,

    /// <summary>Static shared memory of a block, in bytes.</summary>
    SharedBytes = 1,

    /// <summary>Constant memory that the user allocated, in bytes.</summary>
    ConstantBytes = 2,

    /// <summary>Local memory of a thread, in bytes: stack and spills.</summary>
    LocalBytes = 3,

    /// <summary>32-bit registers of a thread.</summary>
    Registers = 4,

    /// <summary>The PTX architecture it was compiled for: 10 x major + minor.</summary>
    PtxVersion = 5,

    /// <summary>The binary architecture it was compiled for: 10 x major + minor.</summary>
    BinaryVersion = 6,

    /// <summary>The most dynamic shared memory with which it can be launched, in bytes; it can be set.</summary>
    MaxDynamicSharedBytes = 8,

    /// <summary>Preferred share of the first-level cache used as shared memory, in percent, -1 for the default; it can be set.</summary>
    PreferredSharedCarveout = 9,
}
