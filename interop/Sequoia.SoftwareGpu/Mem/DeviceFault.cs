namespace Sequoia.SoftwareGpu;

/// <summary>The reason that a kernel stopped or a use of device memory failed.</summary>
public enum DeviceFaultKind
{
    /// <summary>An access is outside every live allocation, or outside the block's shared memory or the thread's local memory.</summary>
    IllegalAddress,

    /// <summary>An address is not a multiple of the access size.</summary>
    MisalignedAddress,

    /// <summary>The kernel executed <c>trap</c>.</summary>
    Trap,

    /// <summary>An <c>assert</c> in the kernel failed.</summary>
    Assert,

    /// <summary>An instruction was used in an undefined way, such as mma by part of a warp.</summary>
    IllegalInstruction,

    /// <summary>Threads wait at barriers that can never complete.</summary>
    Deadlock,

    /// <summary>The kernel executed more instructions than its budget allows.</summary>
    InstructionBudgetExceeded,

    /// <summary>Calls are nested deeper than the stack allows.</summary>
    StackOverflow,

    /// <summary>The launch is invalid: sizes exceed the limits, or the parameters do not match the kernel.</summary>
    InvalidLaunch,

    /// <summary>The memory budget is exhausted.</summary>
    OutOfMemory,

    /// <summary>The host used memory that is not allocated, or no longer allocated.</summary>
    InvalidRange,
}

/// <summary>A kernel stopped, or device memory was misused. The message states the location and the reason.</summary>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Naming", "CA1710", Justification = "The field's term is fault; it is caught by name.")]
public sealed class DeviceFault : Exception
{
    /// <summary>Creates a fault.</summary>
    /// <param name="kind">The kind of fault.</param>
    /// <param name="message">What happened, and where.</param>
    public DeviceFault(DeviceFaultKind kind, string message) : base(message) => Kind = kind;

    /// <summary>The kind of fault.</summary>
    public DeviceFaultKind Kind { get; }

    /// <summary>The report of the launch up to the fault, if a kernel ran.</summary>
    public LaunchReport? Report { get; internal set; }

    /// <summary>The location in the kernel, if it is known.</summary>
    public Finding? Finding { get; internal set; }
}
