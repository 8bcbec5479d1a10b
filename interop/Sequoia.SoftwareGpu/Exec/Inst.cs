namespace Sequoia.SoftwareGpu.Exec;

/// <summary>How the interpreter loop treats an instruction.</summary>
internal enum InstKind : byte
{
    /// <summary>Runs its handler under the current mask. The value is zero, because the loop tests for it first.</summary>
    Plain,

    /// <summary>Like plain, under the part of the mask that the guard selects.</summary>
    Guarded,
    Branch,

    /// <summary>The start of a block where diverged lanes reconverge.</summary>
    Join,
    Exit,

    /// <summary>A call to a function that is not inlined.</summary>
    Call,

    /// <summary>The return from such a function.</summary>
    Return,
    Barrier,

    /// <summary>Names lanes that must participate: shuffles, votes, mma, warp barriers.</summary>
    Sync,

    /// <summary>Tests an mbarrier. The warp may pause.</summary>
    Wait,

    /// <summary>Counts the basic block that follows.</summary>
    Count,

    /// <summary>Lets other warps run (nanosleep).</summary>
    Yield,
}

/// <summary>
/// One decoded instruction. Operands are byte offsets in the warp's register file. Immediates and special registers are slots in the same file, so
/// handlers never test the kind of an operand.
/// </summary>
internal unsafe struct Inst
{
    public delegate*<Warp, Inst*, uint, void> Run;
    public InstKind Kind;
    public bool IsGuarded;

    /// <summary>The number of instructions from here on that share the handler and run without a return to the loop.</summary>
    public ushort Repeat;
    public int D;
    public int A;
    public int B;
    public int C;
    public int E;
    public int Guard;
    public uint GuardFlip;

    /// <summary>The branch target, as an index.</summary>
    public int Target;

    /// <summary>Where the two sides of a branch reconverge. If -1, they reconverge only at the end.</summary>
    public int Join;

    /// <summary>The index of the source instruction.</summary>
    public int Source;

    /// <summary>The index of a memory instruction's memo.</summary>
    public int Memo;

    /// <summary>The number of instructions in the basic block that this one ends.</summary>
    public int Length;

    /// <summary>Additional operand offsets.</summary>
    public int* Extra;
    public long Immediate;
}

/// <summary>The address of a handler in a form that fields and parameters of managed types can store.</summary>
internal readonly unsafe struct Handler(delegate*<Warp, Inst*, uint, void> run) : IEquatable<Handler>
{
    public readonly delegate*<Warp, Inst*, uint, void> Run = run;

    public bool IsNull => Run is null;

    public bool Equals(Handler other) => (nint)Run == (nint)other.Run;

    public override bool Equals(object? obj) => obj is Handler other && Equals(other);

    public override int GetHashCode() => ((nint)Run).GetHashCode();
}
