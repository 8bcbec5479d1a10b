namespace Sequoia.SoftwareGpu;

/// <summary>What a check found.</summary>
public enum FindingKind
{
    /// <summary>An access outside every allocation, or outside shared or local memory.</summary>
    OutOfBounds,

    /// <summary>An address that is not a multiple of the access's size.</summary>
    Misaligned,

    /// <summary>An access to memory that was freed.</summary>
    UseAfterFree,

    /// <summary>A read of global memory that nothing wrote.</summary>
    UninitializedGlobal,

    /// <summary>A read of shared memory that this block did not write.</summary>
    UninitializedShared,

    /// <summary>Two warps access a word of shared memory without a barrier between, and one writes.</summary>
    SharedRace,

    /// <summary>Two blocks access a word of global memory in one launch without synchronisation, and one writes.</summary>
    GlobalRace,

    /// <summary>Only a part of a warp's threads reaches a barrier.</summary>
    DivergentBarrier,

    /// <summary>Warps use one barrier in ways that do not fit together.</summary>
    MismatchedBarrier,

    /// <summary>Warps wait at barriers that can never complete.</summary>
    Deadlock,

    /// <summary>A synchronising instruction names lanes that do not take part.</summary>
    InactiveLanes,

    /// <summary>Shared memory is used while an asynchronous copy into it is pending.</summary>
    PendingAsyncCopy,

    /// <summary>The kernel stopped itself: trap or assert.</summary>
    Stopped,

    /// <summary>Anything else that stopped the kernel.</summary>
    Other,
}

/// <summary>One thing that is wrong with a kernel, and where.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Message">What happened, in words.</param>
/// <param name="Kernel">The kernel's name.</param>
/// <param name="Block">The block's index in the grid.</param>
/// <param name="Warp">The warp's index in the block.</param>
/// <param name="Lane">The lane; with the warp it gives the thread.</param>
/// <param name="PtxLine">The line of the PTX text.</param>
/// <param name="File">The source file that the PTX names, or null.</param>
/// <param name="FileLine">The line of the source file.</param>
/// <param name="Instruction">The instruction's text.</param>
public sealed record Finding(
    FindingKind Kind, string Message, string Kernel, (uint X, uint Y, uint Z) Block, int Warp, int Lane,
    int PtxLine, string? File, int FileLine, string Instruction)
{
    /// <summary>How often the same finding was made at the same instruction.</summary>
    public long Count { get; internal set; } = 1;

    /// <inheritdoc/>
    public override string ToString()
    {
        string source = File is null ? "" : $" ({File}:{FileLine})";
        return $"{Kind}: {Kernel}, block ({Block.X}, {Block.Y}, {Block.Z}), warp {Warp}, lane {Lane}, PTX line {PtxLine}{source}: "
            + $"'{Instruction}' {Message}.";
    }
}
