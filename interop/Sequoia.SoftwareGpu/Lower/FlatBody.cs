using Sequoia.SoftwareGpu.Ptx;

namespace Sequoia.SoftwareGpu.Lower;

/// <summary>An instruction of a kernel after inlining; branch targets are flat indices.</summary>
internal sealed class FlatInstruction
{
    public required Instruction Source { get; init; }

    public required Operand[] Operands { get; init; }

    public Operand? Guard { get; init; }

    public int Target { get; set; } = -1;

    /// <summary>Replaces the source's opcode: a return from an inlined function is a branch.</summary>
    public string[]? OpcodeOverride { get; init; }

    /// <summary>The storage of call operands of built-in functions.</summary>
    public Variable[] CallStorage { get; init; } = [];

    public string[] Opcode => OpcodeOverride ?? Source.Opcode;

    public int Line => Source.Place.Line;

    public PtxException Error(string reason) => new(Line, $"{reason} ('{Source.Place.Text}')");
}

/// <summary>A kernel as one list of instructions, all calls expanded in place.</summary>
internal sealed class FlatBody
{
    public List<FlatInstruction> Instructions { get; } = [];

    /// <summary>Bytes of local memory a thread needs.</summary>
    public int LocalBytes { get; set; }
}
