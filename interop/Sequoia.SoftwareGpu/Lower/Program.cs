using Sequoia.SoftwareGpu.Exec;

namespace Sequoia.SoftwareGpu.Lower;

/// <summary>A kernel lowered for one variant. Immutable and shared by all threads that execute it.</summary>
internal sealed class Program
{
    public required Inst[] Code { get; init; }

    /// <summary>The additional operands of all instructions. Each instruction's part starts at its index in <see cref="ExtraStart"/>.</summary>
    public required int[] Extra { get; init; }

    public required int[] ExtraStart { get; init; }

    public required Value[] FixedValues { get; init; }

    public required int RegisterBytes { get; init; }

    public required int Memos { get; init; }

    /// <summary>Where each region starts in the code.</summary>
    public required int[] RegionStart { get; init; }

    /// <summary>The registers that each call must preserve for its caller, as offsets in the register file.</summary>
    public required (int Offset, int Bytes)[][] Saved { get; init; }

    /// <summary>Where lanes store the start of the current call's frame. It is -1 in kernels without actual calls.</summary>
    public required int FrameOffset { get; init; }

    /// <summary>The slots of all accumulators of wgmma, in ascending order.</summary>
    public required int[] Accumulators { get; init; }

    public required FlatBody Body { get; init; }

    public required Cfg Cfg { get; init; }

    public required Variant Variant { get; init; }

    /// <summary>Whether there are accesses to shared memory narrower than a word, so that races must be distinguished by byte.</summary>
    public required bool HasNarrowShared { get; init; }

    public required bool HasAsyncCopies { get; init; }
}

/// <summary>The features built into the handlers of a lowered kernel. Each combination is lowered once, at its first launch.</summary>
internal readonly record struct Variant(bool Checks, bool Counts, Numerics Numerics, bool IsFine);
