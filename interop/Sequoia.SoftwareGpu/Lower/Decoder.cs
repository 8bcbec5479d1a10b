using Sequoia.SoftwareGpu.Exec;
using Sequoia.SoftwareGpu.Ptx;

namespace Sequoia.SoftwareGpu.Lower;

/// <summary>
/// Decodes instructions to ops, strictly: each family (one file each) reads its full set of modifiers and rejects all others. The choice of handler
/// also determines the cost of checking or counting an instruction.
/// </summary>
internal sealed unsafe partial class Decoder(FlatBody body, Lowering lowering, Variant variant)
{
    private FlatInstruction _instruction = null!;
    private OpcodeReader _opcode = null!;

    /// <summary>The ops of one instruction. Empty if it only names a value.</summary>
    public List<Op> Decode(int index)
    {
        _instruction = body.Instructions[index];
        _opcode = new OpcodeReader(_instruction);
        List<Op> ops = [];
        if (_instruction.Call is { } call)
            ops.Add(DecodeCall(call));
        else if (_instruction.Source.Opcode[0] == "call" && _instruction.OpcodeOverride is null)
            ops.Add(DecodeBuiltIn());
        else if (!lowering.IsAlias(index))
            Dispatch(ops);
        foreach (Op op in ops)
        {
            op.Source = index;
            if (_instruction.Guard is { } guard)
            {
                op.Guard = lowering.ForRegister(guard.Register!);
                op.GuardNegated = guard.Negated;
            }
        }

        return ops;
    }

    private void Dispatch(List<Op> ops)
    {
        if (!Families.TryGetValue(_opcode.Name, out Action<Decoder, List<Op>>? decode))
            throw _instruction.Error($"'{_opcode.Name}' is not an instruction that is supported");
        decode(this, ops);
    }

    private static Handler H(delegate*<Warp, Inst*, uint, void> run) => new(run);

    private Operand Operand(int index) => index < _instruction.Operands.Length
        ? _instruction.Operands[index]
        : throw _instruction.Error("an operand is missing");

    private void Count(int count)
    {
        if (_instruction.Operands.Length != count)
            throw _instruction.Error($"{count} operands are expected, {_instruction.Operands.Length} are given");
    }

    /// <summary>A result that has exactly this type's width.</summary>
    private Value Result(int index, PtxType type) => Result(Operand(index), type, false);

    /// <summary>A result register that may be wider than the type (ld, cvt).</summary>
    private Value WideResult(int index, PtxType type) => Result(Operand(index), type, true);

    private Value Result(Operand operand, PtxType type, bool mayBeWider)
    {
        if (operand.Kind == OperandKind.Sink)
            return lowering.Scratch(WidthOf(type));
        if (operand.Kind != OperandKind.Register || operand.Negated)
            throw _instruction.Error("the result must be a register");
        CheckWidth(operand.Register!, type, mayBeWider);
        return lowering.ForRegister(operand.Register!);
    }

    private Value Source(int index, PtxType type) => Source(Operand(index), type, false);

    /// <summary>A source register that may be wider than the type (st, cvt).</summary>
    private Value WideSource(int index, PtxType type) => Source(Operand(index), type, true);

    private Value Source(Operand operand, PtxType type, bool mayBeWider)
    {
        if (operand.Negated)
            throw _instruction.Error("this operand cannot be negated");
        switch (operand.Kind)
        {
            case OperandKind.Register:
                CheckWidth(operand.Register!, type, mayBeWider);
                return lowering.ForRegister(operand.Register!);
            case OperandKind.Integer when !type.IsFloat && type != PtxType.Pred:
                return lowering.Constant(WidthOf(type), (ulong)operand.Value & (type.Bits == 64 ? ulong.MaxValue : (1UL << type.Bits) - 1));
            case OperandKind.Single or OperandKind.Double:
                return lowering.Constant(WidthOf(type), FloatBits(operand, type));
            case OperandKind.Special when Specials.Parse(operand.Name!) is var special and not Special.None:
                if (type.Bits == 64)
                    throw _instruction.Error("a special register of 32 bits is read as 64");
                return lowering.ForSpecial(special);
            case OperandKind.Special:
                throw _instruction.Error($"'{operand.Name}' is not a register that is known");
            case OperandKind.Variable when operand.Variable!.IsInFrame:
                throw _instruction.Error("the address of a called function's own storage can only be moved to a register");
            case OperandKind.Variable:
                return lowering.Constant(WidthOf(type), lowering.AddressOf(operand.Variable, _instruction) + (ulong)operand.Value);
            default:
                throw _instruction.Error("this operand is not a value");
        }
    }

    private ulong FloatBits(Operand operand, PtxType type)
    {
        bool single = operand.Kind == OperandKind.Single;
        if (type is PtxType.F64)
            return single ? BitConverter.DoubleToUInt64Bits(BitConverter.UInt32BitsToSingle((uint)operand.Value)) : (ulong)operand.Value;
        if (type is PtxType.F32 || (single && type.Bits == 32))
            return single ? (ulong)operand.Value : BitConverter.SingleToUInt32Bits((float)BitConverter.Int64BitsToDouble(operand.Value));
        if (!single && type.Bits == 64)
            return (ulong)operand.Value;
        throw _instruction.Error("a floating-point literal does not fit this type");
    }

    /// <summary>A predicate and whether it is negated.</summary>
    private (Value Value, uint Flip) Predicate(int index)
    {
        Operand operand = Operand(index);
        // True is encoded as 1 or -1.
        if (operand.Kind == OperandKind.Integer && operand.Value is 0 or 1 or -1)
            return (lowering.Constant(Width.Predicate, operand.Value == 0 ? 0 : uint.MaxValue), 0);
        if (operand.Kind != OperandKind.Register || operand.Register!.Type != PtxType.Pred)
            throw _instruction.Error("this operand must be a predicate");
        return (lowering.ForRegister(operand.Register), operand.Negated ? uint.MaxValue : 0);
    }

    private void CheckWidth(Register register, PtxType type, bool mayBeWider)
    {
        int declared = register.Type.Bits;
        bool fits = (register.Type == PtxType.Pred) == (type == PtxType.Pred)
            && (declared == type.Bits || (mayBeWider && declared > type.Bits));
        if (!fits)
            throw _instruction.Error($"register '{register.Name}' has {declared} bits, the instruction needs {type.Bits}");
    }

    private static Width WidthOf(PtxType type) =>
        type == PtxType.Pred ? Width.Predicate : type.Bits == 64 ? Width.Long : Width.Word;

    private Op Unary(Handler run, PtxType type, bool runs = true) => Unary(run, type, type, runs);

    private Op Unary(Handler run, PtxType to, PtxType from, bool runs = false)
    {
        Count(2);
        return new Op { Run = run, D = Result(0, to), A = Source(1, from), IsRunnable = runs && to.Bits != 64 && from.Bits != 64 };
    }

    private Op Binary(Handler run, PtxType type, bool runs = true)
    {
        Count(3);
        return new Op { Run = run, D = Result(0, type), A = Source(1, type), B = Source(2, type), IsRunnable = runs && type.Bits != 64 };
    }

    private Op Ternary(Handler run, PtxType type, bool runs = true)
    {
        Count(4);
        return new Op
        {
            Run = run,
            D = Result(0, type),
            A = Source(1, type),
            B = Source(2, type),
            C = Source(3, type),
            IsRunnable = runs && type.Bits != 64,
        };
    }
}
