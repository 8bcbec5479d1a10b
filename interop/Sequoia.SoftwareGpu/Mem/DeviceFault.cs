namespace Sequoia.SoftwareGpu;

/// <summary>What stopped a kernel, or made a use of device memory impossible.</summary>
public enum DeviceFaultKind
{
    /// <summary>An access outside every live allocation, or outside the block's shared or the thread's local memory.</summary>
    IllegalAddress,

    /// <summary>An address that is not a multiple of the size of the access.</summary>
    MisalignedAddress,

    /// <summary>The kernel executed <c>trap</c>.</summary>
    Trap,

    /// <summary>An <c>assert</c> of the kernel failed.</summary>
    Assert,

    /// <summary>An instruction was used in a way that has no meaning, such as mma by a part of a warp.</summary>
    IllegalInstruction,

    /// <summary>Threads wait at barriers that can never complete.</summary>
    Deadlock,

    /// <summary>The kernel executed more instructions than its budget allows.</summary>
    InstructionBudgetExceeded,

    /// <summary>Calls nest deeper than the stack allows.</summary>
    StackOverflow,

    /// <summary>The launch itself is impossible: sizes over the limits, or parameters that do not fit the kernel.</summary>
    InvalidLaunch,

    /// <summary>The memory budget is used up.</summary>
    OutOfMemory,

    /// <summary>The host named memory that is not, or no longer, allocated.</summary>
    InvalidRange,
}

/// <summary>A kernel was stopped, or device memory was misused. The message says where and why.</summary>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Naming", "CA1710", Justification = "The field's term is fault; it is caught by name.")]
public sealed class DeviceFault : Exception
{
    /// <summary>Creates a fault.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="message">What happened, and where.</param>
    public DeviceFault(DeviceFaultKind kind, string message) : base(message) => Kind = kind;

    /// <summary>The kind of fault.</summary>
    public DeviceFaultKind Kind { get; }

    /// <summary>The report of the launch up to the fault, where a kernel ran.</summary>
    public LaunchReport? Report { get; internal set; }

    /// <summary>The place in the kernel, where one is known.</summary>
    public Finding? Finding { get; internal set; }
}
