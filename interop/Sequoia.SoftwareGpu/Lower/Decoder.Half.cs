using Sequoia.SoftwareGpu.Exec;
using Sequoia.SoftwareGpu.Ops;
using Sequoia.SoftwareGpu.Ptx;

namespace Sequoia.SoftwareGpu.Lower;

internal sealed unsafe partial class Decoder
{
    private Op DecodeHalf()
    {
        string name = _opcode.Name;
        bool nearest = _opcode.Take("rn");
        bool nan = name is "min" or "max" && _opcode.Take("NaN");
        PtxType type = _opcode.Type(PtxType.F16, PtxType.F16X2, PtxType.BF16, PtxType.BF16X2);
        _opcode.End();
        bool isHalf = type is PtxType.F16 or PtxType.F16X2;
        bool isPacked = type is PtxType.F16X2 or PtxType.BF16X2;
        PtxType register = isPacked ? PtxType.B32 : PtxType.B16;
        switch (name)
        {
            case "add":
                return Binary(Half2<FloatOps.Add>(isHalf, isPacked), register);
            case "sub":
                return Binary(Half2<FloatOps.Sub>(isHalf, isPacked), register);
            case "mul":
                return Binary(Half2<FloatOps.Mul>(isHalf, isPacked), register);
            case "min" when !nearest:
                return Binary(nan ? Half2<FloatOps.MinNaN>(isHalf, isPacked) : Half2<FloatOps.Min>(isHalf, isPacked), register);
            case "max" when !nearest:
                return Binary(nan ? Half2<FloatOps.MaxNaN>(isHalf, isPacked) : Half2<FloatOps.Max>(isHalf, isPacked), register);
            case "fma" when nearest:
                Handler run = (isHalf, isPacked) switch
                {
                    (true, false) => H(&Shapes.Ternary32<FmaF16>),
                    (true, true) => H(&Shapes.Ternary32<Packed3<FmaF16>>),
                    (false, false) => H(&Shapes.Ternary32<FmaBF16>),
                    _ => H(&Shapes.Ternary32<Packed3<FmaBF16>>),
                };
                return Ternary(run, register);
            case "neg" when !nearest:
                return Unary(isPacked ? H(&Shapes.Unary32<Packed1<NegHalf>>) : H(&Shapes.Unary32<NegHalf>), register);
            case "abs" when !nearest:
                return Unary(isPacked ? H(&Shapes.Unary32<Packed1<AbsHalf>>) : H(&Shapes.Unary32<AbsHalf>), register);
            default:
                throw _opcode.Unknown();
        }
    }

    private Op DecodeHalfTranscendental(string name, string rounding, bool flush, PtxType type)
    {
        bool isHalf = type is PtxType.F16 or PtxType.F16X2;
        bool isPacked = type is PtxType.F16X2 or PtxType.BF16X2;
        PtxType register = isPacked ? PtxType.B32 : PtxType.B16;
        return (name, rounding) switch
        {
            ("ex2", "approx") when isHalf && !flush => Unary(Half1<Approx.Exp2>(isHalf, isPacked), register),

            // A bfloat16 is subnormal exactly when the single with the same value is.
            ("ex2", "approx") when !isHalf && flush => Unary(Half1<Ftz1<Approx.Exp2>>(isHalf, isPacked), register),
            ("tanh", "approx") when !flush => Unary(Half1<Approx.Tanh>(isHalf, isPacked), register),
            _ => throw _opcode.Unknown(),
        };
    }

    private static Handler Half1<T>(bool isHalf, bool isPacked)
        where T : struct, IUnary32 => (isHalf, isPacked) switch
        {
            (true, false) => H(&Shapes.Unary32<HalfUnary<F16, T>>),
            (true, true) => H(&Shapes.Unary32<Packed1<HalfUnary<F16, T>>>),
            (false, false) => H(&Shapes.Unary32<HalfUnary<BF16, T>>),
            _ => H(&Shapes.Unary32<Packed1<HalfUnary<BF16, T>>>),
        };

    private static Handler Half2<T>(bool isHalf, bool isPacked)
        where T : struct, IBinary32 => (isHalf, isPacked) switch
        {
            (true, false) => H(&Shapes.Binary32<HalfBinary<F16, T>>),
            (true, true) => H(&Shapes.Binary32<Packed2<HalfBinary<F16, T>>>),
            (false, false) => H(&Shapes.Binary32<HalfBinary<BF16, T>>),
            _ => H(&Shapes.Binary32<Packed2<HalfBinary<BF16, T>>>),
        };
}
