using Sequoia.SoftwareGpu.Exec;
using Sequoia.SoftwareGpu.Ops;
using Sequoia.SoftwareGpu.Ptx;
using static Sequoia.SoftwareGpu.Ops.Compare;

namespace Sequoia.SoftwareGpu.Lower;

internal sealed unsafe partial class Decoder
{
    /// <summary>Converts a comparison type to a handler. It is a visitor, because only the generic method knows the type.</summary>
    private abstract class ComparisonUse
    {
        public abstract Handler Use32<T>()
            where T : struct, ICompare32;

        public abstract Handler Use64<T>()
            where T : struct, ICompare64;
    }

    private sealed class SetUse : ComparisonUse
    {
        public override Handler Use32<T>() => H(&Set32<T>);

        public override Handler Use64<T>() => H(&Set64<T>);
    }

    private sealed class CombinedUse<TCombine> : ComparisonUse
        where TCombine : struct, ICombine
    {
        public override Handler Use32<T>() => H(&SetCombined32<T, TCombine>);

        public override Handler Use64<T>() => H(&SetCombined64<T, TCombine>);
    }

    private sealed class ValueUse(OpcodeReader opcode) : ComparisonUse
    {
        public override Handler Use32<T>() => H(&Value32<T>);

        public override Handler Use64<T>() => throw opcode.Unknown();
    }

    private static string TakeComparison(OpcodeReader opcode) => opcode.TakeAny(
        "eq", "ne", "lt", "le", "gt", "ge", "lo", "ls", "hi", "hs", "equ", "neu", "ltu", "leu", "gtu", "geu", "num", "nan");

    private Op DecodeSetp()
    {
        string comparison = TakeComparison(_opcode);
        string combine = _opcode.TakeAny("and", "or", "xor");
        bool flush = _opcode.Take("ftz");
        PtxType type = _opcode.Type();
        _opcode.End();
        Count(combine.Length == 0 ? 3 : 4);
        Operand result = Operand(0);
        bool isPair = result.Kind == OperandKind.Pair;
        if (!isPair && combine.Length == 0)
        {
            return new Op
            {
                Run = Comparison(comparison, type, flush, new SetUse()),
                D = Result(0, PtxType.Pred),
                A = Source(1, type),
                B = Source(2, type),
            };
        }

        // "p|q" without a combination is a combination with true.
        (Value other, uint flip) = combine.Length == 0 ? (lowering.Constant(Width.Predicate, uint.MaxValue), 0) : Predicate(3);
        ComparisonUse use = combine switch
        {
            "or" => new CombinedUse<CombineOr>(),
            "xor" => new CombinedUse<CombineXor>(),
            _ => new CombinedUse<CombineAnd>(),
        };
        return new Op
        {
            Run = Comparison(comparison, type, flush, use),
            D = Result(isPair ? result.Items[0] : result, PtxType.Pred, false),
            E = isPair ? Result(result.Items[1], PtxType.Pred, false) : lowering.Scratch(Width.Predicate),
            EIsResult = true,
            A = Source(1, type),
            B = Source(2, type),
            C = other,
            Immediate = flip,
        };
    }

    private Op DecodeSet()
    {
        string comparison = TakeComparison(_opcode);
        bool flush = _opcode.Take("ftz");
        PtxType to = _opcode.Type(PtxType.U32, PtxType.S32, PtxType.F32);
        PtxType type = _opcode.Type();
        _opcode.End();
        Count(3);
        return new Op
        {
            Run = Comparison(comparison, type, flush, new ValueUse(_opcode)),
            D = Result(0, to),
            A = Source(1, type),
            B = Source(2, type),
            Immediate = to == PtxType.F32 ? 0x3F80_0000 : uint.MaxValue,
        };
    }

    private Handler Comparison(string name, PtxType type, bool flush, ComparisonUse use)
    {
        if (flush && type != PtxType.F32)
            throw _opcode.Unknown();
        switch (type)
        {
            case PtxType.F32:
                return flush
                    ? Float32<FtzTest<EqF32>, FtzTest<LtF32>, FtzTest<LeF32>, FtzTest<NeF32>, FtzTest<NumF32>>(name, use)
                    : Float32<EqF32, LtF32, LeF32, NeF32, NumF32>(name, use);
            case PtxType.F16:
                return Float32<HalfTest<EqF32>, HalfTest<LtF32>, HalfTest<LeF32>, HalfTest<NeF32>, HalfTest<NumF32>>(name, use);
            case PtxType.BF16:
                return Float32<BFloatTest<EqF32>, BFloatTest<LtF32>, BFloatTest<LeF32>, BFloatTest<NeF32>, BFloatTest<NumF32>>(name, use);
            case PtxType.F64:
                return Float64(name, use);
            case PtxType.S32:
                return Integer32<LtS32>(name, use);
            case PtxType.S16:
                return Integer32<SignedShortTest<LtS32>>(name, use);
            case PtxType.U16 or PtxType.U32:
                return Integer32<LtU32>(Signless(name), use);
            case PtxType.B16 or PtxType.B32 when name is "eq" or "ne":
                return Integer32<LtU32>(name, use);
            case PtxType.S64:
                return Integer64<LtS64>(name, use);
            case PtxType.U64:
                return Integer64<LtU64>(Signless(name), use);
            case PtxType.B64 when name is "eq" or "ne":
                return Integer64<LtU64>(name, use);
            default:
                throw _opcode.Unknown();
        }
    }

    private static string Signless(string name) => name switch
    {
        "lo" => "lt",
        "ls" => "le",
        "hi" => "gt",
        "hs" => "ge",
        _ => name,
    };

    private Handler Integer32<TLess>(string name, ComparisonUse use)
        where TLess : struct, ICompare32 => name switch
        {
            "eq" => use.Use32<Eq32>(),
            "ne" => use.Use32<Not32<Eq32>>(),
            "lt" => use.Use32<TLess>(),
            "le" => use.Use32<Not32<Swap32<TLess>>>(),
            "gt" => use.Use32<Swap32<TLess>>(),
            "ge" => use.Use32<Not32<TLess>>(),
            _ => throw _opcode.Unknown(),
        };

    private Handler Integer64<TLess>(string name, ComparisonUse use)
        where TLess : struct, ICompare64 => name switch
        {
            "eq" => use.Use64<Eq64>(),
            "ne" => use.Use64<Not64<Eq64>>(),
            "lt" => use.Use64<TLess>(),
            "le" => use.Use64<Not64<Swap64<TLess>>>(),
            "gt" => use.Use64<Swap64<TLess>>(),
            "ge" => use.Use64<Not64<TLess>>(),
            _ => throw _opcode.Unknown(),
        };

    /// <summary>The ordered comparisons are false for NaN; the unordered ones are the negation of their opposites.</summary>
    private Handler Float32<TEq, TLt, TLe, TNe, TNum>(string name, ComparisonUse use)
        where TEq : struct, ICompare32
        where TLt : struct, ICompare32
        where TLe : struct, ICompare32
        where TNe : struct, ICompare32
        where TNum : struct, ICompare32 => name switch
        {
            "eq" => use.Use32<TEq>(),
            "ne" => use.Use32<TNe>(),
            "lt" => use.Use32<TLt>(),
            "le" => use.Use32<TLe>(),
            "gt" => use.Use32<Swap32<TLt>>(),
            "ge" => use.Use32<Swap32<TLe>>(),
            "equ" => use.Use32<Not32<TNe>>(),
            "neu" => use.Use32<Not32<TEq>>(),
            "ltu" => use.Use32<Not32<Swap32<TLe>>>(),
            "leu" => use.Use32<Not32<Swap32<TLt>>>(),
            "gtu" => use.Use32<Not32<TLe>>(),
            "geu" => use.Use32<Not32<TLt>>(),
            "num" => use.Use32<TNum>(),
            "nan" => use.Use32<Not32<TNum>>(),
            _ => throw _opcode.Unknown(),
        };

    private Handler Float64(string name, ComparisonUse use) => name switch
    {
        "eq" => use.Use64<EqF64>(),
        "ne" => use.Use64<NeF64>(),
        "lt" => use.Use64<LtF64>(),
        "le" => use.Use64<LeF64>(),
        "gt" => use.Use64<Swap64<LtF64>>(),
        "ge" => use.Use64<Swap64<LeF64>>(),
        "equ" => use.Use64<Not64<NeF64>>(),
        "neu" => use.Use64<Not64<EqF64>>(),
        "ltu" => use.Use64<Not64<Swap64<LeF64>>>(),
        "leu" => use.Use64<Not64<Swap64<LtF64>>>(),
        "gtu" => use.Use64<Not64<LeF64>>(),
        "geu" => use.Use64<Not64<LtF64>>(),
        "num" => use.Use64<NumF64>(),
        "nan" => use.Use64<Not64<NumF64>>(),
        _ => throw _opcode.Unknown(),
    };
}
