namespace Sequoia.SoftwareGpu;

/// <summary>The kind of a finding.</summary>
public enum FindingKind
{
    /// <summary>An access is outside every allocation, or outside shared or local memory.</summary>
    OutOfBounds,

    /// <summary>An address is not a multiple of the access size.</summary>
    Misaligned,

    /// <summary>An access is to freed memory.</summary>
    UseAfterFree,

    /// <summary>A read is from global memory that was never written.</summary>
    UninitializedGlobal,

    /// <summary>A read is from shared memory that this block has not written.</summary>
    UninitializedShared,

    /// <summary>Two warps access a word of shared memory without a barrier in between, and at least one writes.</summary>
    SharedRace,

    /// <summary>Two blocks access a word of global memory in one launch without synchronization, and at least one writes.</summary>
    GlobalRace,

    /// <summary>Only some threads of a warp reach a barrier.</summary>
    DivergentBarrier,

    /// <summary>Warps use one barrier in inconsistent ways.</summary>
    MismatchedBarrier,

    /// <summary>Warps wait at barriers that can never complete.</summary>
    Deadlock,

    /// <summary>A synchronizing instruction names lanes that do not participate.</summary>
    InactiveLanes,

    /// <summary>Shared memory is used while an asynchronous copy into it is pending.</summary>
    PendingAsyncCopy,

    /// <summary>A fence is missing between an instruction and another one that sees memory or registers through another proxy.</summary>
    MissingFence,

    /// <summary>A dependent launch uses what earlier kernels write, or writes, before it waits for them.</summary>
    EarlyAccess,

    /// <summary>
    /// Two pieces of work access the same memory, at least one writes, and no stream, event or graph orders them. The finding has no location in a
    /// kernel: it names both pieces of work, the first one as its kernel.
    /// </summary>
    StreamRace,

    /// <summary>The kernel stopped itself with a trap or an assert.</summary>
    Stopped,

    /// <summary>The kernel stopped for another reason.</summary>
    Other,
}

/// <summary>An error in a kernel, and its location.</summary>
/// <param name="Kind">The kind of finding.</param>
/// <param name="Message">A description of what happened.</param>
/// <param name="Kernel">The kernel's name.</param>
/// <param name="Block">The block's index in the grid.</param>
/// <param name="Warp">The warp's index in the block.</param>
/// <param name="Lane">The lane in the warp. Together with the warp, it identifies the thread.</param>
/// <param name="PtxLine">The line in the PTX text.</param>
/// <param name="File">The source file named in the PTX, or null.</param>
/// <param name="FileLine">The line in the source file.</param>
/// <param name="Instruction">The text of the instruction.</param>
public sealed record Finding(
    FindingKind Kind, string Message, string Kernel, (uint X, uint Y, uint Z) Block, int Warp, int Lane,
    int PtxLine, string? File, int FileLine, string Instruction)
{
    /// <summary>How often the same finding occurred at the same instruction.</summary>
    public long Count { get; internal set; } = 1;

    /// <inheritdoc/>
    public override string ToString()
    {
        if (Kind == FindingKind.StreamRace)
            return $"{Kind}: {Kernel} {Message}.";
        string source = File is null ? "" : $" ({File}:{FileLine})";
        return $"{Kind}: {Kernel}, block ({Block.X}, {Block.Y}, {Block.Z}), warp {Warp}, lane {Lane}, PTX line {PtxLine}{source}: "
            + $"'{Instruction}' {Message}.";
    }
}
