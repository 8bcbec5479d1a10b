using Sequoia.SoftwareGpu.Ptx;

namespace Sequoia.SoftwareGpu.Lower;

internal enum ValueKind : byte
{
    /// <summary>Written by instructions.</summary>
    Register,
    Constant,
    Special,

    /// <summary>A kernel parameter, the same for the whole launch.</summary>
    Parameter,

    /// <summary>A result that is never read.</summary>
    Scratch,

    /// <summary>Where the frame of the current call starts in local memory. Calls change it.</summary>
    Frame,
}

internal enum Width : byte
{
    Predicate,
    Word,
    Long,
}

/// <summary>Anything an instruction reads or writes. It becomes a slot in the register file.</summary>
internal sealed class Value(ValueKind kind, Width width)
{
    public ValueKind Kind { get; } = kind;

    public Width Width { get; } = width;

    public ulong Bits { get; init; }

    public Special Special { get; init; }

    /// <summary>The offset and type of a kernel parameter.</summary>
    public int ParameterOffset { get; init; }

    public PtxType ParameterType { get; init; }

    /// <summary>The value's number in the liveness analysis, or -1 if the analysis does not track it.</summary>
    public int Number { get; set; } = -1;

    /// <summary>Whether an instruction writes it later than where it stands, so that no other value may have its slot.</summary>
    public bool IsPinned { get; set; }

    /// <summary>The byte offset in the register file.</summary>
    public int Offset { get; set; } = -1;

    public int Bytes => Width switch
    {
        Width.Predicate => 4,
        Width.Word => 128,
        _ => 256,
    };
}

/// <summary>Special registers that do not change during a block.</summary>
internal enum Special : byte
{
    None,
    TidX,
    TidY,
    TidZ,
    NtidX,
    NtidY,
    NtidZ,
    CtaidX,
    CtaidY,
    CtaidZ,
    NctaidX,
    NctaidY,
    NctaidZ,
    LaneId,
    WarpId,
    NwarpId,
    SmId,
    NsmId,
    GridId,
    LaneMaskEq,
    LaneMaskLt,
    LaneMaskLe,
    LaneMaskGt,
    LaneMaskGe,
    DynamicShared,
    TotalShared,
}

internal static class Specials
{
    public static Special Parse(string name) => name switch
    {
        "%tid.x" => Special.TidX,
        "%tid.y" => Special.TidY,
        "%tid.z" => Special.TidZ,
        "%ntid.x" => Special.NtidX,
        "%ntid.y" => Special.NtidY,
        "%ntid.z" => Special.NtidZ,
        "%ctaid.x" => Special.CtaidX,
        "%ctaid.y" => Special.CtaidY,
        "%ctaid.z" => Special.CtaidZ,
        "%nctaid.x" => Special.NctaidX,
        "%nctaid.y" => Special.NctaidY,
        "%nctaid.z" => Special.NctaidZ,
        "%laneid" => Special.LaneId,
        "%warpid" => Special.WarpId,
        "%nwarpid" => Special.NwarpId,
        "%smid" => Special.SmId,
        "%nsmid" => Special.NsmId,
        "%gridid" => Special.GridId,
        "%lanemask_eq" => Special.LaneMaskEq,
        "%lanemask_lt" => Special.LaneMaskLt,
        "%lanemask_le" => Special.LaneMaskLe,
        "%lanemask_gt" => Special.LaneMaskGt,
        "%lanemask_ge" => Special.LaneMaskGe,
        "%dynamic_smem_size" => Special.DynamicShared,
        "%total_smem_size" => Special.TotalShared,
        _ => Special.None,
    };
}
