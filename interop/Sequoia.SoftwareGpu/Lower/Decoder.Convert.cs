using Sequoia.SoftwareGpu.Exec;
using Sequoia.SoftwareGpu.Ops;
using Sequoia.SoftwareGpu.Ptx;

namespace Sequoia.SoftwareGpu.Lower;

internal sealed unsafe partial class Decoder
{
    private Op DecodeConvert()
    {
        string rounding = _opcode.TakeAny("rn", "rz", "rm", "rp", "rni", "rzi", "rmi", "rpi", "rna");
        bool flush = _opcode.Take("ftz");
        bool saturate = _opcode.Take("sat");
        bool relu = !saturate && _opcode.Take("relu");
        PtxType to = _opcode.Type();
        PtxType from = _opcode.Type();
        _opcode.End();
        if (to is PtxType.F16X2 or PtxType.BF16X2)
            return DecodePack(to, from, rounding, saturate || flush, relu);
        if (relu || to == PtxType.Pred || from is PtxType.Pred or PtxType.F16X2 or PtxType.BF16X2 or PtxType.TF32)
            throw _opcode.Unknown();
        if (to == PtxType.TF32)
        {
            if (rounding != "rna" || from != PtxType.F32 || flush || saturate)
                throw _opcode.Unknown();
            Count(2);
            return new Op { Run = H(&Shapes.Unary32<FastConvert.Tf32FromSingle>), D = Result(0, PtxType.B32), A = Source(1, PtxType.F32) };
        }

        CheckRounding(to, from, rounding, flush, saturate);
        Count(2);
        Value result = WideResult(0, to);
        Operand source = Operand(1);
        Value a = Source(source, from, true);
        int resultBits = Operand(0).Register?.Type.Bits ?? to.Bits;
        bool isExact = (a.Width == Width.Long) == (from.Bits == 64);
        Handler fast = isExact ? FastConversion(to, from, rounding, flush, saturate, resultBits) : default;
        if (!fast.IsNull)
            return new Op { Run = fast, D = result, A = a, B = to.Bits == 64 ? a : null };
        RoundingMode mode = rounding switch
        {
            "rz" or "rzi" => RoundingMode.TowardZero,
            "rm" or "rmi" => RoundingMode.TowardMinus,
            "rp" or "rpi" => RoundingMode.TowardPlus,
            _ => RoundingMode.Nearest,
        };
        Conversion conversion = new(to, from, mode, rounding.EndsWith('i'), flush, saturate, resultBits == 64 ? 64 : resultBits);
        return new Op { Run = H(&Conversion.Run), D = result, A = a, RawB = a.Width == Width.Long ? 1 : 0, Immediate = conversion.Pack() };
    }

    /// <summary>Each pair of types requires, allows or forbids a rounding modifier.</summary>
    private void CheckRounding(PtxType to, PtxType from, string rounding, bool flush, bool saturate)
    {
        bool areHalves = to != from && to.Bits == from.Bits && to.IsFloat && from.IsFloat;
        if (areHalves || to.IsBits || from.IsBits || rounding == "rna" || (flush && to != PtxType.F32 && from != PtxType.F32))
            throw _opcode.Unknown();
        bool isIntegral = rounding.EndsWith('i');
        bool valid = (to.IsFloat, from.IsFloat) switch
        {
            (false, false) => rounding.Length == 0,
            (false, true) => isIntegral,
            (true, false) => rounding.Length > 0 && !isIntegral,
            _ when to == from => rounding.Length == 0 || isIntegral,
            _ when to.Bits < from.Bits => rounding.Length > 0 && !isIntegral,
            _ => rounding.Length == 0,
        };
        if (!valid || (saturate && to == PtxType.F64))
            throw _opcode.Unknown();
    }

    private Op DecodePack(PtxType to, PtxType from, string rounding, bool hasOther, bool relu)
    {
        if (from != PtxType.F32 || rounding != "rn" || hasOther)
            throw _opcode.Unknown();
        Count(3);
        Handler run = (to, relu) switch
        {
            (PtxType.F16X2, false) => H(&Shapes.Binary32<FastConvert.Pack<F16>>),
            (PtxType.F16X2, true) => H(&Shapes.Binary32<FastConvert.PackRelu<F16>>),
            (_, false) => H(&Shapes.Binary32<FastConvert.Pack<BF16>>),
            _ => H(&Shapes.Binary32<FastConvert.PackRelu<BF16>>),
        };
        return new Op { Run = run, D = Result(0, PtxType.B32), A = Source(1, from), B = Source(2, from), IsRunnable = true };
    }

    /// <summary>A vector handler if there is one, otherwise none.</summary>
    private static Handler FastConversion(PtxType to, PtxType from, string rounding, bool flush, bool saturate, int resultBits)
    {
        // No half converts to a subnormal single, so flushing has no effect.
        if (saturate)
        {
            return to == PtxType.F32 && from == PtxType.F32 && rounding.Length == 0 && !flush && resultBits == 32
                ? H(&Shapes.Unary32<FastConvert.Saturate>)
                : default;
        }

        switch (to, from, rounding)
        {
            case (PtxType.F32, PtxType.S32, "rn"):
                return H(&Shapes.Unary32<FastConvert.SingleFromS32>);
            case (PtxType.F32, PtxType.F16, ""):
                return H(&Shapes.Unary32<FastConvert.SingleFromHalf<F16>>);
            case (PtxType.F32, PtxType.BF16, "") when !flush:
                return H(&Shapes.Unary32<FastConvert.SingleFromHalf<BF16>>);
            case (PtxType.F16, PtxType.F32, "rn") when !flush && resultBits == 16:
                return H(&Shapes.Unary32<FastConvert.HalfFromSingle<F16>>);
            case (PtxType.BF16, PtxType.F32, "rn") when !flush && resultBits == 16:
                return H(&Shapes.Unary32<FastConvert.HalfFromSingle<BF16>>);
            case (PtxType.F32, PtxType.F32, "rni") when !flush:
                return H(&Shapes.Unary32<FastConvert.Round>);
            case (PtxType.S32, PtxType.F32, "rzi") when !flush && resultBits == 32:
                return H(&Shapes.Unary32<FastConvert.S32FromSingle>);
            case (PtxType.S32, PtxType.F32, "rni") when !flush && resultBits == 32:
                return H(&Shapes.Unary32<FastConvert.S32FromSingleRounded>);
        }

        if (to.IsFloat || from.IsFloat)
            return default;
        return (to.Bits, from.Bits, from.IsSigned) switch
        {
            (64, 32, true) => H(&Shapes.Widen<IntOps.SignExtend>),
            (64, 32, false) => H(&Shapes.Widen<IntOps.ZeroExtend>),
            (32, 64, _) when resultBits == 32 => H(&Shapes.Narrow<IntOps.Truncate>),
            (32, 32, _) when resultBits == 32 => H(&Shapes.Unary32<IntOps.Mov32>),
            (32, 16, true) when resultBits == 32 => H(&Shapes.Unary32<FastConvert.Sign16To32>),
            (32, 16, false) when resultBits == 32 => H(&Shapes.Unary32<FastConvert.Low16>),
            (32, 8, false) when resultBits == 32 => H(&Shapes.Unary32<FastConvert.Low8>),
            (32, 8, true) when resultBits == 32 => H(&Shapes.Unary32<FastConvert.Sign8To32>),
            (16, 32, _) when resultBits == 16 => H(&Shapes.Unary32<FastConvert.Low16>),
            _ => default,
        };
    }
}
