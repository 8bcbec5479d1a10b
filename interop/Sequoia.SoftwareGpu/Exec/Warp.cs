using Sequoia.SoftwareGpu.Mem;

namespace Sequoia.SoftwareGpu.Exec;

internal enum WarpState : byte
{
    Ready,
    AtBarrier,

    /// <summary>Waits until an mbarrier completes a phase.</summary>
    AtMBarrier,
    Finished,
}

/// <summary>What a test of mbarriers that are not complete means for the warp.</summary>
internal enum Pause : byte
{
    None,

    /// <summary>Others run, then the warp goes on.</summary>
    Yield,

    /// <summary>The test is repeated when an mbarrier has completed a phase.</summary>
    Suspend,
}

/// <summary>A waiting path: one side of a branch, or the reconvergence point of both sides.</summary>
internal struct StackEntry
{
    public int Pc;

    /// <summary>Where this path ends, or -1.</summary>
    public int Join;
    public uint Mask;
}

/// <summary>The complete state of one warp. None of it is on the host's stack, so a warp can stop anywhere.</summary>
internal sealed unsafe class Warp
{
    /// <summary>
    /// Every split leaves at least one lane on each side, and every join is pushed with a split: 31 of each, with room to spare. Calls do not
    /// change this: a callee splits the lanes that called it.
    /// </summary>
    public const int StackEntries = 80;

    public required Executor Executor;
    public required Block Block;

    /// <summary>The warp's index in the block.</summary>
    public required int Index;
    public byte* Registers;
    public Inst* Code;
    public int Pc;
    public uint Mask;

    /// <summary>Lanes that have not exited.</summary>
    public uint Live;

    /// <summary>Live lanes that have not left the current call.</summary>
    public uint Here;
    public StackEntry* Stack;
    public int StackDepth;

    /// <summary>The entries below belong to callers.</summary>
    public int StackBase;

    /// <summary>The current call. Null in the kernel itself.</summary>
    public CallFrame? Frame;
    public WarpState State;

    /// <summary>The outcome of the last test of mbarriers.</summary>
    public Pause Pause;

    /// <summary>The lanes that have executed griddepcontrol.wait.</summary>
    public uint WaitedForKernels;

    /// <summary>Whether the last try_wait returned false.</summary>
    public bool HasTimedOut;

    /// <summary>The number of instructions until the scheduler takes control back.</summary>
    public long Slice;
    public byte* Shared;
    public ulong SharedBytes;
    public byte* Local;
    public ulong LocalBytes;
    public byte* Parameters;
    public ulong ParameterBytes;
    public Memo* Memos;

    /// <summary>Contains host addresses if the lanes of one access are in several allocations.</summary>
    public Pattern* Scattered;

    /// <summary>Groups of cp.async copies that no wait has run yet.</summary>
    public AsyncCopies? Copies;

    /// <summary>The wgmma products that no wait has run yet.</summary>
    public AsyncProducts? Products;

    /// <summary>Diverged parts in adversarial mode; the current one is in Pc and Mask.</summary>
    public Fragments? Fragments;
}
