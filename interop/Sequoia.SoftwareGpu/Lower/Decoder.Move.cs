using Sequoia.SoftwareGpu.Exec;
using Sequoia.SoftwareGpu.Mem;
using Sequoia.SoftwareGpu.Ops;
using Sequoia.SoftwareGpu.Ptx;

namespace Sequoia.SoftwareGpu.Lower;

internal sealed unsafe partial class Decoder
{
    private void DecodeMov(List<Op> ops)
    {
        PtxType type = _opcode.Type();
        _opcode.End();
        Count(2);
        if (!IsMovable(type) && type != PtxType.Pred)
            throw _opcode.Unknown();
        Operand to = Operand(0), from = Operand(1);
        if (to.Kind == OperandKind.Vector)
            DecodeUnpack(ops, to, type);
        else if (from.Kind == OperandKind.Vector)
            ops.Add(DecodePackMove(from, type));
        else if (type == PtxType.Pred)
            ops.Add(new Op { Run = H(&PredicateOps.Mov), D = Result(0, type), A = PlainPredicate(1) });
        else if (from is { Kind: OperandKind.Variable, Variable: { IsInFrame: true } variable })
            ops.Add(FrameAddress(variable, from.Value, type));
        else if (from.Kind == OperandKind.Special && Clocks.Handler(from.Name!) is { IsNull: false } clock)
            ops.Add(new Op { Run = clock, D = Result(0, Clocks.IsWide(from.Name!) ? PtxType.B64 : PtxType.B32), Kind = InstKind.Plain });
        else
            ops.Add(Unary(type.Bits == 64 ? H(&Shapes.Unary64<IntOps.Mov64>) : H(&Shapes.Unary32<IntOps.Mov32>), type));
    }

    /// <summary>The types of mov and selp: types of at least 16 bits that are not specific to some instructions.</summary>
    public static bool IsMovable(PtxType type) => type.Bits >= 16 && (!type.IsFloat || type is PtxType.F32 or PtxType.F64);

    private Op FrameAddress(Variable variable, long offset, PtxType type) => type.Bits != 64
        ? throw _instruction.Error("an address in local memory needs 64 bits here")
        : new Op
        {
            Run = H(&Shapes.Binary64<IntOps.Add64>),
            D = Result(0, type),
            A = lowering.Frame,
            B = lowering.Constant(Width.Long, variable.Address + (ulong)offset),
        };

    private void DecodeUnpack(List<Op> ops, Operand to, PtxType type)
    {
        if (!type.IsBits)
            throw _opcode.Unknown();
        Value source = Source(1, type);
        PtxType part = (type, to.Items.Length) switch
        {
            (PtxType.B64, 2) => PtxType.B32,
            (PtxType.B32, 2) => PtxType.B16,
            (PtxType.B64, 4) => PtxType.B16,
            (PtxType.B16 or PtxType.B32, _) or _ => throw _opcode.Unknown(),
        };

        // The source can be one of the results, so one op writes all results.
        Value[] results = [.. to.Items.Select(item => Result(item, part, false))];
        Handler run = (type, to.Items.Length) switch
        {
            (PtxType.B64, 2) => H(&PackOps.Split64),
            (PtxType.B32, 2) => H(&PackOps.Split32),
            _ => H(&PackOps.Split64To16),
        };
        ops.Add(new Op { Run = run, A = source, Extra = results, ExtraResults = results.Length });
    }

    private Op DecodePackMove(Operand from, PtxType type)
    {
        (PtxType part, Handler run) = (type, from.Items.Length) switch
        {
            (PtxType.B64, 2) => (PtxType.B32, H(&Shapes.Widen<IntOps.Pack64>)),
            (PtxType.B32, 2) => (PtxType.B16, H(&Shapes.Binary32<PackOps.Pack32>)),
            (PtxType.B64, 4) => (PtxType.B16, H(&PackOps.Join16To64)),
            _ => throw _opcode.Unknown(),
        };
        Value[] parts = [.. from.Items.Select(item => Source(item, part, false))];
        return parts.Length == 2
            ? new Op { Run = run, D = Result(0, type), A = parts[0], B = parts[1] }
            : new Op { Run = run, D = Result(0, type), Extra = parts };
    }

    private Op DecodeCvta()
    {
        bool isTo = _opcode.Take("to");
        ulong window = Space(_opcode) switch
        {
            StateSpace.Global or StateSpace.Const => 0,
            StateSpace.Shared => AddressWindows.Shared,
            StateSpace.Local => AddressWindows.Local,
            StateSpace.Param => AddressWindows.Param,
            _ => throw _opcode.Unknown(),
        };
        _opcode.Require("u64");
        _opcode.End();
        Count(2);
        return new Op
        {
            Run = isTo ? H(&Shapes.Binary64<IntOps.Sub64>) : H(&Shapes.Binary64<IntOps.Add64>),
            D = Result(0, PtxType.U64),
            A = Source(1, PtxType.U64),
            B = lowering.Constant(Width.Long, window),
        };
    }

    private Op DecodeIsSpace()
    {
        StateSpace space = Space(_opcode);
        _opcode.End();
        Count(2);
        long window = space switch
        {
            StateSpace.Global => 0,
            StateSpace.Shared => 1,
            StateSpace.Local => 2,
            StateSpace.Param => 4,
            _ => throw _opcode.Unknown(),
        };
        return new Op { Run = H(&PackOps.IsSpace), D = Result(0, PtxType.Pred), A = Source(1, PtxType.U64), Immediate = window };
    }

    private static StateSpace Space(OpcodeReader opcode)
    {
        // "::cta" is the default for shared memory, "::entry" for parameters.
        string name = opcode.TakeAny("global", "shared", "shared::cta", "local", "const", "param", "param::entry");
        return name switch
        {
            "global" => StateSpace.Global,
            "shared" or "shared::cta" => StateSpace.Shared,
            "local" => StateSpace.Local,
            "const" => StateSpace.Const,
            "param" or "param::entry" => StateSpace.Param,
            _ => StateSpace.Generic,
        };
    }
}
