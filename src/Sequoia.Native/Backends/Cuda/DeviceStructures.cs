using System.Runtime.InteropServices;

namespace Sequoia.Native.Backends.Cuda;

/// <summary>The state of one sequence on the device; Sequence of sequence.cuh.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct DeviceSequence
{
    public uint Step;
    public int Committed;
    public LogitDamage Errors;
    public SpeculationMethod Method;
    public ulong Seed;
    public SamplingSettings Sampling;
    public nint Tokens, TargetPages, DraftPages;
    public DeviceTree Tree;
    public nint DraftRow, Scales;
}

/// <summary>A tree's shape; TreeShape of sequence.cuh.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct DeviceTree
{
    public nint FirstChild, ChildCount, Depths, Paths;
    public int Size, Levels;
}

/// <summary>The model whose logits were NaN or otherwise not a distribution.</summary>
[Flags]
internal enum LogitDamage : uint
{
    None = 0,
    Draft = 1,
    Target = 2,
}

/// <summary>Contiguous rows of one sequence; PassPart of pass.cuh.</summary>
[StructLayout(LayoutKind.Sequential, Size = 32)]
internal struct DevicePart
{
    public nint Sequence;
    public int FirstRow, Rows;
    public int IsTree;
}

/// <summary>A row of a pass; PassRow of pass.cuh.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct DeviceRow
{
    public int Part, Node, Position, CacheRow;
}

/// <summary>The rows of one forward pass; Pass of pass.cuh.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct DevicePass
{
    public nint Parts, Rows;
    public int Count;
    public ModelRole Cache;
}

/// <summary>Neighbouring rows of one sequence that a block of attend computes together; RowTile of attend.cuh.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RowTile
{
    public int First, Rows;
}

/// <summary>The result of verify_tree.cu for a part; Outcome of outcome.cuh.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Outcome
{
    public LogitDamage Errors;
    public int Length, Kept, Token, Ahead;
}

/// <summary>The addresses of the outcomes of all parts; Outcomes of outcome.cuh.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Outcomes
{
    /// <summary>The size of an <see cref="Outcome"/> in words.</summary>
    public const int HeaderWords = 5;

    public nint Words;
    public int Stride, Levels;
}
