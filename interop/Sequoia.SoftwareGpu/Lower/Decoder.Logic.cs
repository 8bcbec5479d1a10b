using Sequoia.SoftwareGpu.Exec;
using Sequoia.SoftwareGpu.Ops;
using Sequoia.SoftwareGpu.Ptx;

namespace Sequoia.SoftwareGpu.Lower;

internal sealed unsafe partial class Decoder
{
    private Op DecodeLogic()
    {
        string name = _opcode.Name;
        PtxType type = _opcode.Type();
        _opcode.End();
        if (name is "shl" or "shr")
            return DecodeShift(name, type);
        if (type == PtxType.Pred)
            return DecodePredicateLogic(name);
        if (!type.IsBits || type == PtxType.B8)
            throw _opcode.Unknown();
        bool wide = type == PtxType.B64;
        return name switch
        {
            "and" => Binary(wide ? H(&Shapes.Binary64<IntOps.And64>) : H(&Shapes.Binary32<IntOps.And32>), type),
            "or" => Binary(wide ? H(&Shapes.Binary64<IntOps.Or64>) : H(&Shapes.Binary32<IntOps.Or32>), type),
            "xor" => Binary(wide ? H(&Shapes.Binary64<IntOps.Xor64>) : H(&Shapes.Binary32<IntOps.Xor32>), type),
            "not" when type == PtxType.B16 => Unary(H(&Shapes.Unary32<Short1<IntOps.Not32>>), type),
            "not" => Unary(wide ? H(&Shapes.Unary64<IntOps.Not64>) : H(&Shapes.Unary32<IntOps.Not32>), type),
            _ => Unary(wide ? H(&Shapes.Unary64<IntOps.CNot64>) : H(&Shapes.Unary32<IntOps.CNot32>), type),
        };
    }

    private Op DecodePredicateLogic(string name)
    {
        if (name is "not")
        {
            Count(2);
            return new Op { Run = H(&PredicateOps.Not), D = Result(0, PtxType.Pred), A = PlainPredicate(1) };
        }

        Count(3);
        Handler run = name switch
        {
            "and" => H(&PredicateOps.And),
            "or" => H(&PredicateOps.Or),
            "xor" => H(&PredicateOps.Xor),
            _ => throw _opcode.Unknown(),
        };
        return new Op { Run = run, D = Result(0, PtxType.Pred), A = PlainPredicate(1), B = PlainPredicate(2) };
    }

    private Value PlainPredicate(int index)
    {
        (Value value, uint flip) = Predicate(index);
        return flip == 0 ? value : throw _instruction.Error("this operand cannot be negated");
    }

    private Op DecodeShift(string name, PtxType type)
    {
        Count(3);
        Handler run = (name, type) switch
        {
            ("shl", PtxType.B16) => H(&Shapes.Binary32<Short2<Shifts.Shl32>>),
            ("shl", PtxType.B32) => H(&Shapes.Binary32<Shifts.Shl32>),
            ("shl", PtxType.B64) => H(&Shapes.Shift64<Shifts.Shl64>),
            ("shr", PtxType.B16 or PtxType.U16 or PtxType.B32 or PtxType.U32) => H(&Shapes.Binary32<Shifts.ShrU32>),
            ("shr", PtxType.S16) => H(&Shapes.Binary32<ShortShiftRight>),
            ("shr", PtxType.S32) => H(&Shapes.Binary32<Shifts.ShrS32>),
            ("shr", PtxType.B64 or PtxType.U64) => H(&Shapes.Shift64<Shifts.ShrU64>),
            ("shr", PtxType.S64) => H(&Shapes.Shift64<Shifts.ShrS64>),
            _ => throw _opcode.Unknown(),
        };
        return new Op { Run = run, D = Result(0, type), A = Source(1, type), B = Source(2, PtxType.U32), IsRunnable = type.Bits != 64 };
    }

    private Op DecodeSelect()
    {
        PtxType type = _opcode.Type();
        _opcode.End();
        Count(4);
        if (!IsMovable(type))
            throw _opcode.Unknown();
        (Value predicate, uint flip) = Predicate(3);
        return new Op
        {
            Run = type.Bits == 64 ? H(&Compare.Select64) : H(&Compare.Select32),
            D = Result(0, type),
            A = Source(1, type),
            B = Source(2, type),
            C = predicate,
            Immediate = flip,
        };
    }

    /// <summary>slct: the first value if the last operand is not negative. NaN counts as negative; negative zero does not.</summary>
    private Op DecodeSelectBySign()
    {
        bool flush = _opcode.Take("ftz");
        PtxType type = _opcode.Type(
            PtxType.B16, PtxType.B32, PtxType.B64, PtxType.U16, PtxType.U32, PtxType.U64, PtxType.S16, PtxType.S32, PtxType.S64, PtxType.F32, PtxType.F64);
        PtxType sign = _opcode.Type(PtxType.S32, PtxType.F32);
        _opcode.End();
        if (flush && sign != PtxType.F32)
            throw _opcode.Unknown();
        Count(4);
        Handler run = (type.Bits == 64, sign == PtxType.F32, flush) switch
        {
            (false, false, _) => H(&SignSelect.Run<uint, SignSelect.Integer>),
            (false, true, false) => H(&SignSelect.Run<uint, SignSelect.Single>),
            (false, true, true) => H(&SignSelect.Run<uint, SignSelect.Flushed>),
            (true, false, _) => H(&SignSelect.Run<ulong, SignSelect.Integer>),
            (true, true, false) => H(&SignSelect.Run<ulong, SignSelect.Single>),
            _ => H(&SignSelect.Run<ulong, SignSelect.Flushed>),
        };
        return new Op { Run = run, D = Result(0, type), A = Source(1, type), B = Source(2, type), C = Source(3, sign) };
    }
}
