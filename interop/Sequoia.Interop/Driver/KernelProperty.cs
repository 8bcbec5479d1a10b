namespace Sequoia.Interop;

/// <summary>A property of a kernel (CUfunction_attribute).</summary>
public enum KernelProperty
{
    /// <summary>The maximum number of threads per block in a launch.</summary>
    MaxThreadsPerBlock = 0,

    /// <summary>The static shared memory per block, in bytes.</summary>
    SharedBytes = 1,

    /// <summary>The user-allocated constant memory, in bytes.</summary>
    ConstantBytes = 2,

    /// <summary>The local memory per thread, in bytes: stack and spills.</summary>
    LocalBytes = 3,

    /// <summary>The number of 32-bit registers per thread.</summary>
    Registers = 4,

    /// <summary>The PTX architecture that the kernel was compiled for: 10 x major + minor.</summary>
    PtxVersion = 5,

    /// <summary>The binary architecture that the kernel was compiled for: 10 x major + minor.</summary>
    BinaryVersion = 6,

    /// <summary>The maximum dynamic shared memory per launch, in bytes. This property can be set.</summary>
    MaxDynamicSharedBytes = 8,

    /// <summary>The preferred share of the L1 cache used as shared memory, in percent, or -1 for the default. This property can be set.</summary>
    PreferredSharedCarveout = 9,
}
