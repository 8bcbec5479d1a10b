using Sequoia.SoftwareGpu.Exec;

namespace Sequoia.SoftwareGpu.Lower;

/// <summary>A kernel lowered for one variant: immutable, shared by all threads that execute it.</summary>
internal sealed class Program
{
    public required Inst[] Code { get; init; }

    /// <summary>All instructions' further operands; each instruction's part is at its index in <see cref="ExtraStart"/>.</summary>
    public required int[] Extra { get; init; }

    public required int[] ExtraStart { get; init; }

    public required Value[] FixedValues { get; init; }

    public required int RegisterBytes { get; init; }

    public required int Memos { get; init; }

    /// <summary>Where each region begins in the code.</summary>
    public required int[] RegionStart { get; init; }

    /// <summary>The registers that each call must keep for its caller, as places in the register file.</summary>
    public required (int Offset, int Bytes)[][] Saved { get; init; }

    /// <summary>Where lanes keep the start of the running call's frame; -1 in kernels without real calls.</summary>
    public required int FrameOffset { get; init; }

    public required FlatBody Body { get; init; }

    public required Cfg Cfg { get; init; }

    public required Variant Variant { get; init; }

    /// <summary>Accesses to shared memory that are narrower than a word exist, so races must be told apart by byte.</summary>
    public required bool HasNarrowShared { get; init; }

    public required bool HasAsyncCopies { get; init; }
}

/// <summary>What is built into the handlers of a lowered kernel; each combination is lowered once, when first launched.</summary>
internal readonly record struct Variant(bool Checks, bool Counts, Numerics Numerics, bool IsFine);
