using Sequoia.SoftwareGpu.Ptx;

namespace Sequoia.SoftwareGpu.Lower;

/// <summary>An instruction of a kernel after inlining. Branch targets are flat indices.</summary>
internal sealed class FlatInstruction
{
    public required Instruction Source { get; init; }

    public required Operand[] Operands { get; init; }

    public Operand? Guard { get; init; }

    public int Target { get; set; } = -1;

    /// <summary>Replaces the source's opcode: a return from an inlined function is a branch.</summary>
    public string[]? OpcodeOverride { get; init; }

    /// <summary>A call that is not inlined.</summary>
    public FlatCall? Call { get; init; }

    /// <summary>Returns from a function that was not inlined, rather than from the kernel.</summary>
    public bool ReturnsToCaller { get; init; }

    /// <summary>The storage of call operands of built-in functions.</summary>
    public Variable[] CallStorage { get; init; } = [];

    public string[] Opcode => OpcodeOverride ?? Source.Opcode;

    public int Line => Source.Place.Line;

    public PtxException Error(string reason) => new(Line, $"{reason} ('{Source.Place.Text}')");
}

/// <summary>A kernel as one list of instructions. Calls are inlined if possible, and the other functions follow.</summary>
internal sealed class FlatBody
{
    public List<FlatInstruction> Instructions { get; } = [];

    /// <summary>The kernel, then the functions that are not inlined.</summary>
    public List<CodeRegion> Regions { get; } = [];

    public List<FlatCall> Calls { get; } = [];

    /// <summary>The local memory that a thread needs, in bytes, without the call stack.</summary>
    public int LocalBytes => Regions[0].FrameBytes;
}
