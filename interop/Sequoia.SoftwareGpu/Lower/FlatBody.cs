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

    /// <summary>A call that stays one.</summary>
    public FlatCall? Call { get; init; }

    /// <summary>Leaves a function that was really called, not the kernel.</summary>
    public bool ReturnsToCaller { get; init; }

    /// <summary>The storage of call operands of built-in functions.</summary>
    public Variable[] CallStorage { get; init; } = [];

    public string[] Opcode => OpcodeOverride ?? Source.Opcode;

    public int Line => Source.Place.Line;

    public PtxException Error(string reason) => new(Line, $"{reason} ('{Source.Place.Text}')");
}

/// <summary>A kernel as one list of instructions: calls are expanded in place where possible, and what is really called follows.</summary>
internal sealed class FlatBody
{
    public List<FlatInstruction> Instructions { get; } = [];

    /// <summary>The kernel, then the functions that are really called.</summary>
    public List<CodeRegion> Regions { get; } = [];

    public List<FlatCall> Calls { get; } = [];

    /// <summary>Bytes of local memory a thread needs, besides the stack of calls.</summary>
    public int LocalBytes => Regions[0].FrameBytes;
}
