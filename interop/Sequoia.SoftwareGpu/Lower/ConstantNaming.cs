using Sequoia.SoftwareGpu.Ptx;

namespace Sequoia.SoftwareGpu.Lower;

/// <summary>
/// Replaces registers that are assigned once, from a constant, a special register or a parameter, by that value. Compilers repeat such moves
/// everywhere. They still count as executed instructions.
/// </summary>
internal sealed class ConstantNaming(FlatBody body, Lowering lowering)
{
    private readonly Dictionary<Register, int> _definitions = [];

    public void Apply()
    {
        foreach (FlatInstruction instruction in body.Instructions)
        {
            foreach (Register register in Definitions(instruction))
                _definitions[register] = _definitions.GetValueOrDefault(register) + 1;
        }

        for (int k = 0; k < body.Instructions.Count; k++)
            TryName(k, body.Instructions[k]);
    }

    private static IEnumerable<Register> Definitions(FlatInstruction instruction)
    {
        bool hasResult = instruction.Operands.Length > 0 && instruction.Opcode[0] switch
        {
            "st" or "bra" or "red" or "membar" or "fence" or "cp" or "prefetch" or "prefetchu" or "ret"
                or "exit" or "trap" or "nanosleep" or "call" or "pmevent" => false,
            "bar" or "barrier" => instruction.Opcode.Contains("red"),
            _ => true,
        };
        if (!hasResult)
            yield break;
        Operand result = instruction.Operands[0];
        if (result.Register is { } single && result.Kind == OperandKind.Register)
            yield return single;
        foreach (Operand item in result.Items)
        {
            if (item.Register is { } register)
                yield return register;
        }
    }

    private void TryName(int index, FlatInstruction instruction)
    {
        if (instruction.Guard is not null || instruction.Operands.Length != 2
            || instruction.Operands[0] is not { Kind: OperandKind.Register, Register: { } to } || _definitions.GetValueOrDefault(to) != 1)
            return;
        string[] opcode = instruction.Opcode;
        PtxType type = PtxTypes.Parse(opcode[^1]);
        if (!Decoder.IsMovable(type) || to.Type == PtxType.Pred)
            return;
        Operand from = instruction.Operands[1];
        Value? value = opcode[0] switch
        {
            "mov" when opcode.Length == 2 && type.Bits == to.Type.Bits => Moved(from, type, instruction),
            "cvta" when type.Bits == 64 && to.Type.Bits == 64 && opcode is ["cvta", "to", "global" or "const", _] => Moved(from, type, instruction),
            "ld" when opcode.Length == 3 && opcode[1] == "param" => Parameter(from, type, to),
            _ => null,
        };
        if (value is not null)
            lowering.MakeAlias(index, to, value);
    }

    private Value? Moved(Operand from, PtxType type, FlatInstruction instruction)
    {
        Width width = type.Bits == 64 ? Width.Long : Width.Word;
        ulong mask = type.Bits == 64 ? ulong.MaxValue : (1UL << type.Bits) - 1;
        switch (from.Kind)
        {
            case OperandKind.Integer when !type.IsFloat:
                return lowering.Constant(width, (ulong)from.Value & mask);
            case OperandKind.Single when type.Bits == 32:
                return lowering.Constant(width, (ulong)from.Value);
            case OperandKind.Double when type.Bits == 64:
                return lowering.Constant(width, (ulong)from.Value);
            case OperandKind.Special when type.Bits == 32 && Specials.Parse(from.Name!) is var special and not Special.None:
                return lowering.ForSpecial(special);
            case OperandKind.Variable when type.Bits == 64 && !from.Variable!.IsInFrame && from.Variable!.Space != StateSpace.Generic:
                return lowering.Constant(width, lowering.AddressOf(from.Variable, instruction) + (ulong)from.Value);
            case OperandKind.Register when !from.Negated && from.Register!.Type.Bits == type.Bits:
                return lowering.Known(from.Register);
            default:
                return null;
        }
    }

    private Value? Parameter(Operand from, PtxType type, Register to)
    {
        if (from is not { Kind: OperandKind.Address, Variable: { Space: StateSpace.Param } variable } || type.Bits > to.Type.Bits)
            return null;
        long offset = (long)variable.Address + from.Value;
        bool isInside = from.Value >= 0 && from.Value + type.Bytes <= variable.Bytes;
        return isInside ? lowering.Parameter((int)offset, type, to.Type.Bits == 64 ? Width.Long : Width.Word) : null;
    }
}
