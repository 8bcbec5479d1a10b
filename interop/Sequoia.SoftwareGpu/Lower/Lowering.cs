using Sequoia.SoftwareGpu.Exec;
using Sequoia.SoftwareGpu.Ptx;

namespace Sequoia.SoftwareGpu.Lower;

/// <summary>Lowers one kernel: names constants, decodes, computes live ranges, assigns slots, lays out the code.</summary>
internal sealed class Lowering
{
    private readonly FlatBody _body;
    private readonly Cfg _cfg;
    private readonly Variant _variant;
    private readonly IReadOnlyDictionary<Variable, int> _shared;
    private readonly Dictionary<Register, Value> _registers = [];
    private readonly Dictionary<(Width Width, ulong Bits), Value> _constants = [];
    private readonly Dictionary<Special, Value> _specials = [];
    private readonly List<Value> _fixed = [];
    private Value? _frame;
    private readonly List<Value> _values = [];
    private readonly bool[] _isAlias;

    private Lowering(FlatBody body, Cfg cfg, IReadOnlyDictionary<Variable, int> shared, Variant variant)
    {
        _body = body;
        _cfg = cfg;
        _shared = shared;
        _variant = variant;
        _isAlias = new bool[body.Instructions.Count];
    }

    public static Program Lower(FlatBody body, Cfg cfg, IReadOnlyDictionary<Variable, int> shared, Variant variant)
    {
        Lowering lowering = new(body, cfg, shared, variant);
        new ConstantNaming(body, lowering).Apply();
        return lowering.Emit();
    }

    /// <summary>Whether an instruction only names a constant and needs no code.</summary>
    public bool IsAlias(int index) => _isAlias[index];

    public void MakeAlias(int index, Register register, Value value)
    {
        _isAlias[index] = true;
        _registers[register] = value;
    }

    public Value? Known(Register register) =>
        _registers.TryGetValue(register, out Value? value) && value.Kind is not (ValueKind.Register or ValueKind.Scratch) ? value : null;

    public Value ForRegister(Register register)
    {
        if (_registers.TryGetValue(register, out Value? value))
            return value;
        Width width = register.Type == PtxType.Pred ? Width.Predicate : register.Type.Bits == 64 ? Width.Long : Width.Word;
        return _registers[register] = Track(new Value(ValueKind.Register, width));
    }

    public Value Scratch(Width width) => Track(new Value(ValueKind.Scratch, width));

    public Value Constant(Width width, ulong bits)
    {
        if (!_constants.TryGetValue((width, bits), out Value? value))
            _constants[(width, bits)] = value = Fix(new Value(ValueKind.Constant, width) { Bits = bits });
        return value;
    }

    public Value ForSpecial(Special special)
    {
        if (!_specials.TryGetValue(special, out Value? value))
            _specials[special] = value = Fix(new Value(ValueKind.Special, Width.Word) { Special = special });
        return value;
    }

    /// <summary>Where the frame of the current call starts.</summary>
    public Value Frame => _frame ??= Fix(new Value(ValueKind.Frame, Width.Long));

    public Value Parameter(int offset, PtxType type, Width width) =>
        Fix(new Value(ValueKind.Parameter, width) { ParameterOffset = offset, ParameterType = type });

    public ulong AddressOf(Variable variable, FlatInstruction instruction)
    {
        if (variable.Space == StateSpace.Shared)
        {
            return _shared.TryGetValue(variable, out int offset)
                ? (ulong)offset
                : throw instruction.Error($"'{variable.Name}' is not placed in shared memory");
        }

        bool isParameter = variable.Space == StateSpace.Param;
        if (!isParameter && !variable.IsPlaced)
            throw instruction.Error($"'{variable.Name}' is declared but not defined in this module");
        return variable.Address;
    }

    private Value Track(Value value)
    {
        value.Number = _values.Count;
        _values.Add(value);
        return value;
    }

    private Value Fix(Value value)
    {
        _fixed.Add(value);
        return value;
    }

    private Program Emit()
    {
        List<Op> ops = [];
        (int First, int End)[] blocks = new (int, int)[_cfg.Blocks.Count];
        Decoder decoder = new(_body, this, _variant);
        for (int b = 0; b < blocks.Length; b++)
        {
            int first = ops.Count;
            CodeBlock block = _cfg.Blocks[b];
            if (block.IsJoin)
                ops.Add(new Op { Run = default, Kind = InstKind.Join, Source = block.First });
            if (_variant.Counts)
                ops.Add(new Op { Run = default, Kind = InstKind.Count, Source = block.First, RawB = b });
            for (int k = block.First; k < block.End; k++)
            {
                foreach (Op op in decoder.Decode(k))
                {
                    if (op.Kind == InstKind.Branch)
                    {
                        op.Target = _body.Instructions[k].Target;
                        op.Join = block.PostDominator;
                    }

                    ops.Add(op);
                }
            }

            blocks[b] = (first, ops.Count);
        }

        // Control that runs off the end leaves the kernel.
        ops.Add(new Op { Run = default, Kind = InstKind.Exit, Source = int.Max(0, _body.Instructions.Count - 1) });
        if (_body.Calls.Count > 0)
            _ = Frame;
        (int First, int Last)[] ranges = Liveness.Ranges(_cfg, ops, blocks, _values);
        int registerBytes = Slots.Assign(_fixed, _values, ranges);
        return new CodeLayout(_body, _cfg, blocks, _variant).Arrange(ops, _fixed, registerBytes, _body.Calls.Count > 0 ? Frame.Offset : -1);
    }
}
