using Sequoia.SoftwareGpu.Exec;
using Sequoia.SoftwareGpu.Ops;
using Sequoia.SoftwareGpu.Ptx;

namespace Sequoia.SoftwareGpu.Lower;

internal sealed unsafe partial class Decoder
{
    private Op DecodeArithmetic()
    {
        // The type comes last. What precedes it depends on the type's kind.
        PtxType type = PtxTypes.Parse(_instruction.Opcode[^1]);
        return type switch
        {
            PtxType.F32 => DecodeSingle(),
            PtxType.F64 => DecodeDouble(),
            PtxType.F16 or PtxType.F16X2 or PtxType.BF16 or PtxType.BF16X2 => DecodeHalf(),
            _ => DecodeInteger(),
        };
    }

    private Op DecodeInteger()
    {
        string name = _opcode.Name;
        switch (name)
        {
            case "add" or "sub":
                if (name == "add" && _opcode.TakeAny("u16x2", "s16x2").Length > 0)
                {
                    _opcode.End();
                    return Binary(H(&Shapes.Binary32<Packed2<Short2<IntOps.Add32>>>), PtxType.B32);
                }

                bool saturate = _opcode.Take("sat");
                PtxType type = _opcode.Type();
                _opcode.End();
                if (saturate)
                    return type == PtxType.S32 ? Binary(name == "add" ? H(&Shapes.Binary32<IntOps.AddSat32>) : H(&Shapes.Binary32<IntOps.SubSat32>), type) : throw _opcode.Unknown();
                return Binary(
                    name == "add"
                        ? ByWidth(type, H(&Shapes.Binary32<Short2<IntOps.Add32>>), H(&Shapes.Binary32<IntOps.Add32>), H(&Shapes.Binary64<IntOps.Add64>))
                        : ByWidth(type, H(&Shapes.Binary32<Short2<IntOps.Sub32>>), H(&Shapes.Binary32<IntOps.Sub32>), H(&Shapes.Binary64<IntOps.Sub64>)),
                    type);
            case "mul":
                return DecodeMultiply();
            case "mad":
                return DecodeMultiplyAdd();
            case "div" or "rem":
                type = _opcode.Type();
                _opcode.End();
                return Binary(Division(name == "div", type), type, false);
            case "min" or "max":
                if (PtxTypes.Parse(_opcode.Peek) == PtxType.None)
                    return DecodePackedMinMax();
                type = _opcode.Type();
                _opcode.End();
                return Binary(MinMax(name == "min", type), type);
            case "abs" or "neg":
                type = _opcode.Type(PtxType.S16, PtxType.S32, PtxType.S64);
                _opcode.End();
                return Unary(
                    name == "abs"
                        ? ByWidth(type, H(&Shapes.Unary32<SignedShort1<IntOps.Abs32>>), H(&Shapes.Unary32<IntOps.Abs32>), H(&Shapes.Unary64<IntOps.Abs64>))
                        : ByWidth(type, H(&Shapes.Unary32<Short1<IntOps.Neg32>>), H(&Shapes.Unary32<IntOps.Neg32>), H(&Shapes.Unary64<IntOps.Neg64>)),
                    type);
            default:
                throw _opcode.Unknown();
        }
    }

    /// <summary>min/max of two 16-bit halves (sm_90).</summary>
    private Op DecodePackedMinMax()
    {
        bool min = _opcode.Name == "min";
        bool signed = _opcode.Peek == "s16x2";
        if (_opcode.TakeAny("s16x2", "u16x2").Length == 0)
            throw _opcode.Unknown();
        _opcode.End();
        Handler run = (min, signed) switch
        {
            (true, true) => H(&ScalarShapes.Binary<uint, uint, BitOps.MinS16X2>),
            (true, false) => H(&ScalarShapes.Binary<uint, uint, BitOps.MinU16X2>),
            (false, true) => H(&ScalarShapes.Binary<uint, uint, BitOps.MaxS16X2>),
            (false, false) => H(&ScalarShapes.Binary<uint, uint, BitOps.MaxU16X2>),
        };
        return Binary(run, PtxType.B32, false);
    }

    private Handler ByWidth(PtxType type, Handler bits16, Handler bits32, Handler bits64) => type switch
    {
        PtxType.S16 or PtxType.U16 => bits16,
        PtxType.S32 or PtxType.U32 => bits32,
        PtxType.S64 or PtxType.U64 => bits64,
        _ => throw _opcode.Unknown(),
    };

    private Handler MinMax(bool min, PtxType type) => type switch
    {
        PtxType.S16 => min ? H(&Shapes.Binary32<SignedShort2<IntOps.MinS32>>) : H(&Shapes.Binary32<SignedShort2<IntOps.MaxS32>>),
        PtxType.U16 or PtxType.U32 => min ? H(&Shapes.Binary32<IntOps.MinU32>) : H(&Shapes.Binary32<IntOps.MaxU32>),
        PtxType.S32 => min ? H(&Shapes.Binary32<IntOps.MinS32>) : H(&Shapes.Binary32<IntOps.MaxS32>),
        PtxType.S64 => min ? H(&Shapes.Binary64<IntOps.MinS64>) : H(&Shapes.Binary64<IntOps.MaxS64>),
        PtxType.U64 => min ? H(&Shapes.Binary64<IntOps.MinU64>) : H(&Shapes.Binary64<IntOps.MaxU64>),
        _ => throw _opcode.Unknown(),
    };

    private Handler Division(bool quotient, PtxType type) => type switch
    {
        PtxType.U16 => quotient ? H(&ScalarShapes.Binary<uint, uint, Division16.DivU>) : H(&ScalarShapes.Binary<uint, uint, Division16.RemU>),
        PtxType.S16 => quotient ? H(&ScalarShapes.Binary<uint, uint, Division16.DivS>) : H(&ScalarShapes.Binary<uint, uint, Division16.RemS>),
        PtxType.U32 => quotient ? H(&ScalarShapes.Binary<uint, uint, Division32.DivU>) : H(&ScalarShapes.Binary<uint, uint, Division32.RemU>),
        PtxType.S32 => quotient ? H(&ScalarShapes.Binary<uint, uint, Division32.DivS>) : H(&ScalarShapes.Binary<uint, uint, Division32.RemS>),
        PtxType.U64 => quotient ? H(&ScalarShapes.Binary<ulong, ulong, Division64.DivU>) : H(&ScalarShapes.Binary<ulong, ulong, Division64.RemU>),
        PtxType.S64 => quotient ? H(&ScalarShapes.Binary<ulong, ulong, Division64.DivS>) : H(&ScalarShapes.Binary<ulong, ulong, Division64.RemS>),
        _ => throw _opcode.Unknown(),
    };

    private Op DecodeMultiply()
    {
        string part = _opcode.TakeAny("lo", "hi", "wide");
        PtxType type = _opcode.Type();
        _opcode.End();
        switch (part)
        {
            case "lo":
                return Binary(
                    ByWidth(type, H(&Shapes.Binary32<Short2<IntOps.Mul32>>), H(&Shapes.Binary32<IntOps.Mul32>), H(&Shapes.Binary64<IntOps.Mul64>)), type);
            case "hi":
                return Binary(MulHigh(type), type, false);
            case "wide":
                Count(3);
                PtxType wide = WideType(type);
                return new Op
                {
                    Run = type switch
                    {
                        PtxType.U16 => H(&Shapes.Binary32<IntOps.Mul32>),
                        PtxType.S16 => H(&Shapes.Binary32<MulWideS16>),
                        PtxType.U32 => H(&Shapes.Widen<IntOps.MulWideU32>),
                        _ => H(&Shapes.Widen<IntOps.MulWideS32>),
                    },
                    D = Result(0, wide),
                    A = Source(1, type),
                    B = Source(2, type),
                };
            default:
                throw _opcode.Unknown();
        }
    }

    private Handler MulHigh(PtxType type) => type switch
    {
        PtxType.U16 => H(&ScalarShapes.Binary<uint, uint, HighProduct.U16>),
        PtxType.S16 => H(&ScalarShapes.Binary<uint, uint, HighProduct.S16>),
        PtxType.U32 => H(&ScalarShapes.Binary<uint, uint, HighProduct.U32>),
        PtxType.S32 => H(&ScalarShapes.Binary<uint, uint, HighProduct.S32>),
        PtxType.U64 => H(&ScalarShapes.Binary<ulong, ulong, HighProduct.U64>),
        PtxType.S64 => H(&ScalarShapes.Binary<ulong, ulong, HighProduct.S64>),
        _ => throw _opcode.Unknown(),
    };

    private PtxType WideType(PtxType type) => type switch
    {
        PtxType.U16 => PtxType.U32,
        PtxType.S16 => PtxType.S32,
        PtxType.U32 => PtxType.U64,
        PtxType.S32 => PtxType.S64,
        _ => throw _opcode.Unknown(),
    };

    private Op DecodeMultiplyAdd()
    {
        string part = _opcode.TakeAny("lo", "hi", "wide");
        bool saturate = part == "hi" && _opcode.Take("sat");
        PtxType type = _opcode.Type();
        _opcode.End();
        switch (part)
        {
            case "lo":
                return Ternary(
                    ByWidth(type, H(&Shapes.Ternary32<Short3<IntOps.Mad32>>), H(&Shapes.Ternary32<IntOps.Mad32>), H(&Shapes.Ternary64<IntOps.Mad64>)), type);
            case "hi" when !saturate:
                return Ternary(
                    type switch
                    {
                        PtxType.U32 => H(&ScalarShapes.Ternary<uint, HighProduct.MadU32>),
                        PtxType.S32 => H(&ScalarShapes.Ternary<uint, HighProduct.MadS32>),
                        PtxType.U64 => H(&ScalarShapes.Ternary<ulong, HighProduct.MadU64>),
                        PtxType.S64 => H(&ScalarShapes.Ternary<ulong, HighProduct.MadS64>),
                        _ => throw _opcode.Unknown(),
                    },
                    type,
                    false);
            case "wide":
                Count(4);
                PtxType wide = WideType(type);
                return new Op
                {
                    Run = type switch
                    {
                        PtxType.U16 => H(&Shapes.Ternary32<IntOps.Mad32>),
                        PtxType.S16 => H(&Shapes.Ternary32<MadWideS16>),
                        PtxType.U32 => H(&Shapes.WidenAdd<IntOps.MulWideU32>),
                        _ => H(&Shapes.WidenAdd<IntOps.MulWideS32>),
                    },
                    D = Result(0, wide),
                    A = Source(1, type),
                    B = Source(2, type),
                    C = Source(3, wide),
                };
            default:
                throw _opcode.Unknown();
        }
    }
}
