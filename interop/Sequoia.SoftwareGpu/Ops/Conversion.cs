using System.Numerics;
using Sequoia.SoftwareGpu.Exec;
using Sequoia.SoftwareGpu.Ptx;

namespace Sequoia.SoftwareGpu.Ops;

/// <summary>The modifiers of a cvt, packed into an instruction's immediate.</summary>
internal readonly record struct Conversion(
    PtxType To, PtxType From, RoundingMode Rounding, bool IsIntegral, bool Flushes, bool Saturates, int ResultBits)
{
    public long Pack() => (long)To | ((long)From << 8) | ((long)Rounding << 16) | (IsIntegral ? 1L << 24 : 0)
        | (Flushes ? 1L << 25 : 0) | (Saturates ? 1L << 26 : 0) | ((long)ResultBits << 32);

    public static Conversion Unpack(long packed) => new(
        (PtxType)(packed & 0xFF), (PtxType)(packed >> 8 & 0xFF), (RoundingMode)(packed >> 16 & 0xFF),
        (packed >> 24 & 1) != 0, (packed >> 25 & 1) != 0, (packed >> 26 & 1) != 0, (int)(packed >> 32));

    /// <summary>Any cvt between two scalars, lane by lane. Common conversions have their own handlers.</summary>
    public static unsafe void Run(Warp w, Inst* i, uint m)
    {
        Conversion conversion = Unpack(i->Immediate);
        byte* a = w.Registers + i->A;
        byte* d = w.Registers + i->D;
        bool wideSource = i->B != 0, wideResult = conversion.ResultBits == 64;
        for (uint rest = m; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            ulong source = wideSource ? ((ulong*)a)[lane] : ((uint*)a)[lane];
            ulong result = conversion.Apply(source);
            if (wideResult)
                ((ulong*)d)[lane] = result;
            else
                ((uint*)d)[lane] = (uint)result;
        }
    }

    public ulong Apply(ulong source)
    {
        ulong result;
        if (From.IsFloat)
        {
            double value = Decode(source);
            result = To.IsFloat ? Encode(Adjust(value)) : ToInteger(value);
        }
        else
        {
            Int128 value = ToValue(source, From);
            result = To.IsFloat ? FromInteger(value) : Narrow(Saturates ? Clamp(value) : value);
        }

        return Extend(result);
    }

    private static Int128 ToValue(ulong bits, PtxType type) => type.Bits switch
    {
        8 => type.IsSigned ? (sbyte)bits : (byte)bits,
        16 => type.IsSigned ? (short)bits : (ushort)bits,
        32 => type.IsSigned ? (int)bits : (uint)bits,
        _ => type.IsSigned ? (long)bits : bits,
    };

    private (Int128 Min, Int128 Max) Limits => To.IsSigned
        ? (-((Int128)1 << (To.Bits - 1)), ((Int128)1 << (To.Bits - 1)) - 1)
        : (0, ((Int128)1 << To.Bits) - 1);

    private Int128 Clamp(Int128 value) => Int128.Clamp(value, Limits.Min, Limits.Max);

    private ulong Narrow(Int128 value) => (ulong)value & (To.Bits == 64 ? ulong.MaxValue : (1UL << To.Bits) - 1);

    /// <summary>A register wider than the type contains the value, sign- or zero-extended.</summary>
    private ulong Extend(ulong bits) => To.IsSigned && To.Bits < ResultBits
        ? (ulong)(long)ToValue(bits, To) & (ResultBits == 64 ? ulong.MaxValue : (1UL << ResultBits) - 1)
        : bits;

    private double Decode(ulong bits)
    {
        double value = From switch
        {
            PtxType.F64 => BitConverter.UInt64BitsToDouble(bits),
            PtxType.F32 => BitConverter.UInt32BitsToSingle((uint)bits),
            PtxType.F16 => FloatFormat.Half.Decode((uint)bits),
            _ => FloatFormat.BFloat16.Decode((uint)bits),
        };
        return Flushes && From == PtxType.F32 && !double.IsNaN(value) && Math.Abs(value) < FloatLimits.SmallestNormalSingle
            ? double.CopySign(0, value)
            : value;
    }

    /// <summary>Rounds to an integral float and saturates to [0, 1].</summary>
    private double Adjust(double value)
    {
        if (IsIntegral)
            value = RoundIntegral(value);
        if (Saturates)
            value = value > 0 ? Math.Min(value, 1) : 0;
        return value;
    }

    private double RoundIntegral(double value) => Rounding switch
    {
        RoundingMode.Nearest => Math.Round(value, MidpointRounding.ToEven),
        RoundingMode.TowardZero => Math.Truncate(value),
        RoundingMode.TowardMinus => Math.Floor(value),
        _ => Math.Ceiling(value),
    };

    private ulong Encode(double value)
    {
        if (To == PtxType.F64)
            return double.IsNaN(value) ? 0x7FFF_FFFF_FFFF_FFFF : BitConverter.DoubleToUInt64Bits(value);
        RoundingMode mode = IsIntegral ? RoundingMode.Nearest : Rounding;
        uint bits = To switch
        {
            PtxType.F32 or PtxType.TF32 => FloatFormat.Single.Encode(value, mode),
            PtxType.F16 => FloatFormat.Half.Encode(value, mode),
            _ => FloatFormat.BFloat16.Encode(value, mode),
        };
        return Flushes && To == PtxType.F32 && (bits & 0x7F80_0000) == 0 ? bits & 0x8000_0000 : bits;
    }

    private ulong ToInteger(double value)
    {
        // NaN from single becomes 0 for results of 32 bits or fewer. Otherwise only the sign bit is set.
        if (double.IsNaN(value))
            return From == PtxType.F64 || To.Bits == 64 ? 1UL << (To.Bits - 1) : 0;
        double rounded = RoundIntegral(value);
        (Int128 min, Int128 max) = Limits;
        Int128 clamped = rounded >= Math.ScaleB(1, 64) ? max : rounded <= -Math.ScaleB(1, 64) ? min : Int128.Clamp((Int128)rounded, min, max);
        return Narrow(clamped);
    }

    private ulong FromInteger(Int128 value)
    {
        int mantissa = To switch
        {
            PtxType.F64 => 53,
            PtxType.F32 => 24,
            PtxType.F16 => 11,
            _ => 8,
        };
        ulong magnitude = (ulong)(value < 0 ? -value : value);
        int excess = 64 - BitOperations.LeadingZeroCount(magnitude) - mantissa;
        double rounded = magnitude;
        if (excess > 0)
        {
            ulong kept = magnitude >> excess, lost = magnitude & ((1UL << excess) - 1), half = 1UL << (excess - 1);
            bool up = Rounding switch
            {
                RoundingMode.Nearest => lost > half || (lost == half && (kept & 1) != 0),
                RoundingMode.TowardZero => false,
                RoundingMode.TowardMinus => lost != 0 && value < 0,
                _ => lost != 0 && value > 0,
            };
            rounded = Math.ScaleB(kept + (up ? 1UL : 0), excess);
        }

        return Encode(Adjust(value < 0 ? -rounded : rounded));
    }
}

internal static class FloatLimits
{
    public const double SmallestNormalSingle = 1.1754943508222875e-38;
}
