using Sequoia.SoftwareGpu.Exec;
using Sequoia.SoftwareGpu.Ops;
using Sequoia.SoftwareGpu.Ptx;

namespace Sequoia.SoftwareGpu.Lower;

internal sealed unsafe partial class Decoder
{
    private Op DecodeSingle()
    {
        string name = _opcode.Name;
        if (name is "mad")
            throw _opcode.Unknown();
        string rounding = _opcode.TakeAny("rn", "rz", "rm", "rp", "approx", "full");
        bool flush = _opcode.Take("ftz");
        bool nan = name is "min" or "max" && _opcode.Take("NaN");
        bool saturate = _opcode.Take("sat");
        _opcode.Require("f32");
        _opcode.End();
        bool isDefault = rounding is "" or "rn";
        switch (name)
        {
            case "add" when isDefault:
                return Binary(Single2<FloatOps.Add>(flush, saturate), PtxType.F32);
            case "sub" when isDefault:
                return Binary(Single2<FloatOps.Sub>(flush, saturate), PtxType.F32);
            case "mul" when isDefault:
                return Binary(Single2<FloatOps.Mul>(flush, saturate), PtxType.F32);
            case "fma" when rounding == "rn":
                return Ternary(Single3<FloatOps.Fma>(flush, saturate), PtxType.F32);
            case "div" when rounding is "rn" or "approx" or "full" && !saturate:
                return Binary(Single2<FloatOps.Div>(flush, false), PtxType.F32);
            case "min" or "max" when rounding == "" && !saturate:
                return Binary(
                    (name, nan) switch
                    {
                        ("min", false) => Single2<FloatOps.Min>(flush, false),
                        ("max", false) => Single2<FloatOps.Max>(flush, false),
                        ("min", true) => Single2<FloatOps.MinNaN>(flush, false),
                        _ => Single2<FloatOps.MaxNaN>(flush, false),
                    },
                    PtxType.F32);
            case "abs" or "neg" when rounding == "" && !saturate:
                Handler run = (name, flush) switch
                {
                    ("abs", false) => H(&Shapes.Unary32<FloatOps.Abs>),
                    ("abs", true) => H(&Shapes.Unary32<Ftz1<FloatOps.Abs>>),
                    (_, false) => H(&Shapes.Unary32<FloatOps.Neg>),
                    _ => H(&Shapes.Unary32<Ftz1<FloatOps.Neg>>),
                };
                return Unary(run, PtxType.F32);
            case "add" or "sub" or "mul" or "div" or "fma":
                return DecodeDirected(name, rounding, flush, saturate);
            default:
                throw _opcode.Unknown();
        }
    }

    private static Handler Single2<T>(bool flush, bool saturate)
        where T : struct, IBinary32 => (flush, saturate) switch
        {
            (false, false) => H(&Shapes.Binary32<T>),
            (true, false) => H(&Shapes.Binary32<Ftz2<T>>),
            (false, true) => H(&Shapes.Binary32<Sat2<T>>),
            (true, true) => H(&Shapes.Binary32<Sat2<Ftz2<T>>>),
        };

    private static Handler Single3<T>(bool flush, bool saturate)
        where T : struct, ITernary32 => (flush, saturate) switch
        {
            (false, false) => H(&Shapes.Ternary32<T>),
            (true, false) => H(&Shapes.Ternary32<Ftz3<T>>),
            (false, true) => H(&Shapes.Ternary32<Sat3<T>>),
            (true, true) => H(&Shapes.Ternary32<Sat3<Ftz3<T>>>),
        };

    /// <summary>Arithmetic that rounds toward zero, minus infinity or plus infinity.</summary>
    private Op DecodeDirected(string name, string rounding, bool flush, bool saturate) => rounding switch
    {
        "rz" => Directed<TowardZero>(name, flush, saturate),
        "rm" => Directed<TowardMinus>(name, flush, saturate),
        "rp" => Directed<TowardPlus>(name, flush, saturate),
        _ => throw _opcode.Unknown(),
    };

    private Op Directed<TMode>(string name, bool flush, bool saturate)
        where TMode : struct, IRounding => name switch
        {
            "add" => Binary(Single2<DirectedOps.Add<TMode>>(flush, saturate), PtxType.F32),
            "sub" => Binary(Single2<DirectedOps.Sub<TMode>>(flush, saturate), PtxType.F32),
            "mul" => Binary(Single2<DirectedOps.Mul<TMode>>(flush, saturate), PtxType.F32),
            "div" when !saturate => Binary(Single2<DirectedOps.Div<TMode>>(flush, false), PtxType.F32),
            "fma" => Ternary(Single3<DirectedOps.Fma<TMode>>(flush, saturate), PtxType.F32),
            _ => throw _opcode.Unknown(),
        };

    private Op DecodeDouble()
    {
        string name = _opcode.Name;
        string rounding = _opcode.TakeAny("rn", "rz", "rm", "rp");
        bool nearest = rounding == "rn";
        _opcode.Require("f64");
        _opcode.End();
        PtxType type = PtxType.F64;
        if (rounding.Length > 0 && !nearest)
        {
            return rounding switch
            {
                "rz" => DirectedLong<DoubleToZero>(name),
                "rm" => DirectedLong<DoubleDown>(name),
                _ => DirectedLong<DoubleUp>(name),
            };
        }

        return name switch
        {
            "add" => Binary(H(&Shapes.Binary64<DoubleOps.Add>), type),
            "sub" => Binary(H(&Shapes.Binary64<DoubleOps.Sub>), type),
            "mul" => Binary(H(&Shapes.Binary64<DoubleOps.Mul>), type),
            "div" when nearest => Binary(H(&Shapes.Binary64<DoubleOps.Div>), type),
            "fma" when nearest => Ternary(H(&Shapes.Ternary64<DoubleOps.Fma>), type),
            "min" when !nearest => Binary(H(&Shapes.Binary64<DoubleOps.Min>), type),
            "max" when !nearest => Binary(H(&Shapes.Binary64<DoubleOps.Max>), type),
            "abs" when !nearest => Unary(H(&Shapes.Unary64<DoubleOps.Abs>), type),
            "neg" when !nearest => Unary(H(&Shapes.Unary64<DoubleOps.Neg>), type),
            _ => throw _opcode.Unknown(),
        };
    }

    private Op DirectedLong<TMode>(string name)
        where TMode : struct, IDoubleRounding => name switch
        {
            "add" => Binary(H(&ScalarShapes.Binary<ulong, ulong, DirectedDouble.Add<TMode>>), PtxType.F64),
            "sub" => Binary(H(&ScalarShapes.Binary<ulong, ulong, DirectedDouble.Sub<TMode>>), PtxType.F64),
            "mul" => Binary(H(&ScalarShapes.Binary<ulong, ulong, DirectedDouble.Mul<TMode>>), PtxType.F64),
            "div" => Binary(H(&ScalarShapes.Binary<ulong, ulong, DirectedDouble.Div<TMode>>), PtxType.F64),
            "fma" => Ternary(H(&ScalarShapes.Ternary<ulong, DirectedDouble.Fma<TMode>>), PtxType.F64, false),
            "rcp" => Unary(H(&ScalarShapes.Unary<ulong, ulong, DirectedDouble.Rcp<TMode>>), PtxType.F64),
            "sqrt" => Unary(H(&ScalarShapes.Unary<ulong, ulong, DirectedDouble.Sqrt<TMode>>), PtxType.F64),
            _ => throw _opcode.Unknown(),
        };

    private Op DecodeTranscendental()
    {
        string name = _opcode.Name;
        string rounding = _opcode.TakeAny("rn", "rz", "rm", "rp", "approx");
        bool flush = _opcode.Take("ftz");
        PtxType type = _opcode.Type(PtxType.F32, PtxType.F64, PtxType.F16, PtxType.F16X2, PtxType.BF16, PtxType.BF16X2);
        _opcode.End();
        if (type == PtxType.F64)
        {
            return (name, rounding) switch
            {
                ("rcp", "approx") when flush => Unary(H(&Shapes.Unary64<DoubleOps.Flushed<DoubleOps.Rcp>>), type),
                ("rsqrt", "approx") when flush => Unary(H(&Shapes.Unary64<DoubleOps.Flushed<DoubleOps.Rsqrt>>), type),
                _ when flush => throw _opcode.Unknown(),
                ("rcp", "rn") => Unary(H(&Shapes.Unary64<DoubleOps.Rcp>), type),
                ("sqrt", "rn") => Unary(H(&Shapes.Unary64<DoubleOps.Sqrt>), type),
                ("rsqrt", "approx") => Unary(H(&Shapes.Unary64<DoubleOps.Rsqrt>), type),
                ("rcp" or "sqrt", "rz") => DirectedLong<DoubleToZero>(name),
                ("rcp" or "sqrt", "rm") => DirectedLong<DoubleDown>(name),
                ("rcp" or "sqrt", "rp") => DirectedLong<DoubleUp>(name),
                _ => throw _opcode.Unknown(),
            };
        }

        if (type != PtxType.F32)
            return DecodeHalfTranscendental(name, rounding, flush, type);
        return (name, rounding) switch
        {
            ("rcp", "rn") or ("rcp", "approx") => Single1<FloatOps.Rcp>(flush),
            ("sqrt", "rn") or ("sqrt", "approx") => Single1<FloatOps.Sqrt>(flush),
            ("rsqrt", "approx") => Single1<FloatOps.Rsqrt>(flush),
            ("ex2", "approx") => Single1<Approx.Exp2>(flush),
            ("lg2", "approx") => Single1<Approx.Log2>(flush),
            ("sin", "approx") => Single1<Approx.Sin>(flush),
            ("cos", "approx") => Single1<Approx.Cos>(flush),
            ("tanh", "approx") when !flush => Single1<Approx.Tanh>(false),
            ("rcp", "rz") => Single1<DirectedOps.Rcp<TowardZero>>(flush),
            ("rcp", "rm") => Single1<DirectedOps.Rcp<TowardMinus>>(flush),
            ("rcp", "rp") => Single1<DirectedOps.Rcp<TowardPlus>>(flush),
            ("sqrt", "rz") => Single1<DirectedOps.Sqrt<TowardZero>>(flush),
            ("sqrt", "rm") => Single1<DirectedOps.Sqrt<TowardMinus>>(flush),
            ("sqrt", "rp") => Single1<DirectedOps.Sqrt<TowardPlus>>(flush),
            _ => throw _opcode.Unknown(),
        };
    }

    private Op Single1<T>(bool flush)
        where T : struct, IUnary32 =>
        Unary(flush ? H(&Shapes.Unary32<Ftz1<T>>) : H(&Shapes.Unary32<T>), PtxType.F32);
}
