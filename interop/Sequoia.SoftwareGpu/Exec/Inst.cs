namespace Sequoia.SoftwareGpu.Exec;

/// <summary>How the interpreter loop treats an instruction.</summary>
internal enum InstKind : byte
{
    /// <summary>Runs its handler under the current mask. Zero, because the loop tests for it first.</summary>
    Plain,

    /// <summary>As plain, under the part of the mask that the guard selects.</summary>
    Guarded,
    Branch,

    /// <summary>A block where diverged lanes meet again.</summary>
    Join,
    Exit,

    /// <summary>A call of a function that is not expanded in place.</summary>
    Call,

    /// <summary>The return from one.</summary>
    Return,
    Barrier,

    /// <summary>Names lanes that must take part: shuffles, votes, mma, warp barriers.</summary>
    Sync,

    /// <summary>Counts the block that follows.</summary>
    Count,

    /// <summary>Lets other warps run (nanosleep).</summary>
    Yield,
}

/// <summary>
/// One decoded instruction. Operands are byte offsets into the warp's register file; immediates and special registers
/// are slots of the same file, so that handlers never ask what an operand is.
/// </summary>
internal unsafe struct Inst
{
    public delegate*<Warp, Inst*, uint, void> Run;
    public InstKind Kind;
    public bool IsGuarded;

    /// <summary>How many instructions from here on share the handler and run without a return to the loop.</summary>
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

    /// <summary>Where the two sides of a branch meet, or -1: only at the end.</summary>
    public int Join;

    /// <summary>Index of the source instruction.</summary>
    public int Source;

    /// <summary>Index of the memo of a memory instruction.</summary>
    public int Memo;

    /// <summary>Instructions of the block that this one ends.</summary>
    public int Length;

    /// <summary>Further operand offsets.</summary>
    public int* Extra;
    public long Immediate;
}

/// <summary>A handler's address in a form that fields and parameters of managed types can hold.</summary>
internal readonly unsafe struct Handler(delegate*<Warp, Inst*, uint, void> run) : IEquatable<Handler>
{
    public readonly delegate*<Warp, Inst*, uint, void> Run = run;

    public bool IsNull => Run is null;

    public bool Equals(Handler other) => (nint)Run == (nint)other.Run;

    public override bool Equals(object? obj) => obj is Handler other && Equals(other);

    public override int GetHashCode() => ((nint)Run).GetHashCode();
}
