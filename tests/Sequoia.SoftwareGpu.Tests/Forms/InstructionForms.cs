using System.Numerics;

namespace Sequoia.SoftwareGpu.Tests;

/// <summary>One instruction: its opcode, the types of its operands, and what it computes from their bits.</summary>
internal sealed record InstructionForm(string Opcode, string Result, string[] Operands, Func<ulong, ulong, ulong, ulong> Reference, int Ulps = 0)
{
    /// <summary>The format of a floating-point result, or of each half of it.</summary>
    public FloatKind? Kind { get; init; }

    /// <summary>The code, where it is not one instruction from %a, %b and %c to %r; %f and %g, %q and %s are free predicates and registers.</summary>
    public string? Code { get; init; }

    /// <summary>One of a family that shares its code: tried with fewer inputs.</summary>
    public bool IsOneOfMany { get; init; }

    /// <summary>Distinguishes tests of one opcode.</summary>
    public string Variation { get; init; } = "";

    public override string ToString() => Opcode.Replace('.', '_') + Variation;
}

/// <summary>Scalar references, written from the manual's words.</summary>
internal static class InstructionForms
{
    private static float F(ulong bits) => BitConverter.UInt32BitsToSingle((uint)bits);

    private static ulong B(float value) => BitConverter.SingleToUInt32Bits(value);

    private static double D(ulong bits) => BitConverter.UInt64BitsToDouble(bits);

    private static ulong B(double value) => BitConverter.DoubleToUInt64Bits(value);

    private static Half H(ulong bits) => BitConverter.UInt16BitsToHalf((ushort)bits);

    private static ulong B(Half value) => BitConverter.HalfToUInt16Bits(value);

    private static float Z(float value) => Math.Abs(value) < 1.17549435e-38f ? float.CopySign(0, value) : value;

    private static ulong T(bool value) => value ? 1u : 0u;

    private static uint U(ulong value) => (uint)value;

    private static int S(ulong value) => (int)value;

    private static ulong R(int value) => (uint)value;

    public static IEnumerable<InstructionForm> All() => [.. Families(), .. Integers(), .. Longs(), .. Shorts(), .. BitForms(), .. Floats(), .. Doubles(), .. Halves(), .. Compares(), .. Converts()];

    private static IEnumerable<InstructionForm> Families() =>
        FloatForms.All().Concat(IntegerForms.All()).Concat(CompareForms.All()).Concat(ConvertForms.All()).Concat(AtomicForms.All()).Select(form => form with { IsOneOfMany = true });

    private static InstructionForm One(string opcode, string type, Func<ulong, ulong> f, int ulps = 0) => new(opcode, type, [type], (a, _, _) => f(a), ulps);

    private static InstructionForm Two(string opcode, string type, Func<ulong, ulong, ulong> f) => new(opcode, type, [type, type], (a, b, _) => f(a, b));

    private static InstructionForm Three(string opcode, string type, Func<ulong, ulong, ulong, ulong> f) => new(opcode, type, [type, type, type], f);

    private static IEnumerable<InstructionForm> Integers() =>
    [
        Two("add.s32", "u32", (a, b) => U(a + b)), Two("sub.s32", "u32", (a, b) => U(a - b)),
        Two("add.sat.s32", "u32", (a, b) => R((int)long.Clamp((long)S(a) + S(b), int.MinValue, int.MaxValue))),
        Two("sub.sat.s32", "u32", (a, b) => R((int)long.Clamp((long)S(a) - S(b), int.MinValue, int.MaxValue))),
        Two("mul.lo.s32", "u32", (a, b) => U(a * b)), Two("mul.hi.s32", "u32", (a, b) => U((ulong)(((long)S(a) * S(b)) >> 32))),
        Two("mul.hi.u32", "u32", (a, b) => U((a * b) >> 32)),
        new("mul.wide.s32", "u64", ["u32", "u32"], (a, b, _) => (ulong)((long)S(a) * S(b))),
        new("mul.wide.u32", "u64", ["u32", "u32"], (a, b, _) => a * b),
        Three("mad.lo.s32", "u32", (a, b, c) => U((a * b) + c)),
        new("mad.wide.u32", "u64", ["u32", "u32", "u64"], (a, b, c) => (a * b) + c),
        new("mad.wide.s32", "u64", ["u32", "u32", "u64"], (a, b, c) => (ulong)((long)S(a) * S(b)) + c),
        Two("div.s32", "u32", (a, b) => b == 0 ? uint.MaxValue : R((int)((long)S(a) / S(b)))), Two("div.u32", "u32", (a, b) => b == 0 ? uint.MaxValue : a / b),
        Two("rem.s32", "u32", (a, b) => b == 0 ? a : R((int)((long)S(a) % S(b)))), Two("rem.u32", "u32", (a, b) => b == 0 ? a : a % b),
        Two("min.s32", "u32", (a, b) => R(Math.Min(S(a), S(b)))), Two("max.s32", "u32", (a, b) => R(Math.Max(S(a), S(b)))),
        Two("min.u32", "u32", Math.Min), Two("max.u32", "u32", Math.Max),
        One("abs.s32", "u32", a => S(a) < 0 ? U(0 - a) : a), One("neg.s32", "u32", a => U(0 - a)),
        Two("and.b32", "u32", (a, b) => a & b), Two("or.b32", "u32", (a, b) => a | b), Two("xor.b32", "u32", (a, b) => a ^ b),
        One("not.b32", "u32", a => U(~a)), One("cnot.b32", "u32", a => T(a == 0)),
        Two("shl.b32", "u32", (a, b) => b > 31 ? 0 : U(a << (int)b)), Two("shr.u32", "u32", (a, b) => b > 31 ? 0 : a >> (int)b),
        Two("shr.s32", "u32", (a, b) => R(S(a) >> (int)Math.Min(b, 31))),
        Three("sad.s32", "u32", (a, b, c) => U((ulong)Math.Abs((long)S(a) - S(b)) + c)), Three("sad.u32", "u32", (a, b, c) => U((a > b ? a - b : b - a) + c)),
        Two("mul24.lo.u32", "u32", (a, b) => U((a & 0xFFFFFF) * (b & 0xFFFFFF))),
    ];

    private static IEnumerable<InstructionForm> Longs() =>
    [
        Two("add.s64", "u64", (a, b) => a + b), Two("sub.s64", "u64", (a, b) => a - b), Two("mul.lo.s64", "u64", (a, b) => a * b),
        Two("mul.hi.u64", "u64", (a, b) => (ulong)(((UInt128)a * b) >> 64)), Two("mul.hi.s64", "u64", (a, b) => (ulong)(((Int128)(long)a * (long)b) >> 64)),
        Three("mad.lo.s64", "u64", (a, b, c) => (a * b) + c),
        Two("div.u64", "u64", (a, b) => b == 0 ? ulong.MaxValue : a / b), Two("div.s64", "u64", (a, b) => b == 0 ? ulong.MaxValue : (ulong)((Int128)(long)a / (long)b)),
        Two("rem.u64", "u64", (a, b) => b == 0 ? a : a % b), Two("rem.s64", "u64", (a, b) => b == 0 ? a : (ulong)((Int128)(long)a % (long)b)),
        Two("min.s64", "u64", (a, b) => (ulong)Math.Min((long)a, (long)b)), Two("max.u64", "u64", Math.Max),
        One("abs.s64", "u64", a => (long)a < 0 ? 0 - a : a), One("neg.s64", "u64", a => 0 - a), One("not.b64", "u64", a => ~a),
        Two("and.b64", "u64", (a, b) => a & b), Two("or.b64", "u64", (a, b) => a | b), Two("xor.b64", "u64", (a, b) => a ^ b),
        new("shl.b64", "u64", ["u64", "u32"], (a, b, _) => b > 63 ? 0 : a << (int)b), new("shr.u64", "u64", ["u64", "u32"], (a, b, _) => b > 63 ? 0 : a >> (int)b),
        new("shr.s64", "u64", ["u64", "u32"], (a, b, _) => (ulong)((long)a >> (int)Math.Min(b, 63))),
        new("popc.b64", "u32", ["u64"], (a, _, _) => (ulong)BitOperations.PopCount(a)), new("clz.b64", "u32", ["u64"], (a, _, _) => (ulong)BitOperations.LeadingZeroCount(a)),
    ];

    private static IEnumerable<InstructionForm> Shorts() =>
    [
        Two("add.u16", "u16", (a, b) => (ushort)(a + b)), Two("sub.s16", "u16", (a, b) => (ushort)(a - b)), Two("mul.lo.s16", "u16", (a, b) => (ushort)(a * b)),
        Two("mul.hi.u16", "u16", (a, b) => (a * b) >> 16), Two("mul.hi.s16", "u16", (a, b) => (ushort)(((short)a * (short)b) >> 16)),
        new("mul.wide.s16", "u32", ["u16", "u16"], (a, b, _) => R((short)a * (short)b)), new("mul.wide.u16", "u32", ["u16", "u16"], (a, b, _) => U(a * b)),
        Three("mad.lo.u16", "u16", (a, b, c) => (ushort)((a * b) + c)),
        Two("min.s16", "u16", (a, b) => (ushort)Math.Min((short)a, (short)b)), Two("max.u16", "u16", Math.Max), One("neg.s16", "u16", a => (ushort)(0 - a)),
        One("abs.s16", "u16", a => (short)a < 0 ? (ushort)(0 - a) : a), One("not.b16", "u16", a => (ushort)~a), Two("xor.b16", "u16", (a, b) => a ^ b),
        new("shl.b16", "u16", ["u16", "u32"], (a, b, _) => b > 15 ? 0 : (ulong)(ushort)(a << (int)b)), new("shr.s16", "u16", ["u16", "u32"], (a, b, _) => (ushort)((short)a >> (int)Math.Min(b, 15))),
        new("shr.u16", "u16", ["u16", "u32"], (a, b, _) => b > 15 ? 0 : a >> (int)b),
        Two("div.s16", "u16", (a, b) => b == 0 ? ushort.MaxValue : (ushort)((short)a / (short)b)), Two("rem.u16", "u16", (a, b) => b == 0 ? a : a % b),
    ];

    private static IEnumerable<InstructionForm> BitForms() =>
    [
        One("popc.b32", "u32", a => (ulong)BitOperations.PopCount(a)), One("clz.b32", "u32", a => (ulong)BitOperations.LeadingZeroCount(U(a))),
        One("brev.b32", "u32", a => Enumerable.Range(0, 32).Aggregate(0ul, (r, k) => r | ((a >> k & 1) << (31 - k)))),
        One("bfind.u32", "u32", a => a == 0 ? uint.MaxValue : (ulong)BitOperations.Log2(U(a))), One("bfind.shiftamt.u32", "u32", a => a == 0 ? uint.MaxValue : 31ul - (ulong)BitOperations.Log2(U(a))),
        One("bfind.s32", "u32", a => (S(a) < 0 ? U(~a) : U(a)) is var v && v == 0 ? uint.MaxValue : (ulong)BitOperations.Log2(S(a) < 0 ? U(~a) : U(a))),
        Three("bfe.u32", "u32", (a, b, c) => Field(a, (int)(b & 255), (int)(c & 255), 32, false)), Three("bfe.s32", "u32", (a, b, c) => Field(a, (int)(b & 255), (int)(c & 255), 32, true)),
        new("bfe.u64", "u64", ["u64", "u32", "u32"], (a, b, c) => Field(a, (int)(b & 255), (int)(c & 255), 64, false)), new("bfe.s64", "u64", ["u64", "u32", "u32"], (a, b, c) => Field(a, (int)(b & 255), (int)(c & 255), 64, true)),
        Three("prmt.b32", "u32", (a, b, c) => Permute(a | (b << 32), [.. Enumerable.Range(0, 4).Select(k => (int)(c >> (4 * k)) & 15)])),
        Three("prmt.b32.f4e", "u32", (a, b, c) => Permute(a | (b << 32), [.. Enumerable.Range(0, 4).Select(k => (int)(c & 3) + k)])),
        Three("prmt.b32.b4e", "u32", (a, b, c) => Permute(a | (b << 32), [.. Enumerable.Range(0, 4).Select(k => ((int)(c & 3) - k) & 7)])),
        Three("prmt.b32.rc8", "u32", (a, b, c) => Permute(a | (b << 32), [.. Enumerable.Repeat((int)(c & 3), 4)])),
        Three("prmt.b32.rc16", "u32", (a, b, c) => Permute(a | (b << 32), [(int)(c & 1) * 2, ((int)(c & 1) * 2) + 1, (int)(c & 1) * 2, ((int)(c & 1) * 2) + 1])),
        Three("shf.l.wrap.b32", "u32", (a, b, c) => U((((b << 32) | a) << (int)(c & 31)) >> 32)), Three("shf.r.wrap.b32", "u32", (a, b, c) => U(((b << 32) | a) >> (int)(c & 31))),
        Three("shf.l.clamp.b32", "u32", (a, b, c) => U((((UInt128)((b << 32) | a) << (int)Math.Min(c, 32)) >> 32) is var v ? (ulong)(v & uint.MaxValue) : 0)),
        Three("shf.r.clamp.b32", "u32", (a, b, c) => U(((b << 32) | a) >> (int)Math.Min(c, 32))),
        Three("dp4a.s32.s32", "u32", (a, b, c) => U((ulong)Enumerable.Range(0, 4).Sum(k => (sbyte)(a >> (8 * k)) * (sbyte)(b >> (8 * k))) + c)),
        Three("dp4a.u32.s32", "u32", (a, b, c) => U((ulong)Enumerable.Range(0, 4).Sum(k => (byte)(a >> (8 * k)) * (sbyte)(b >> (8 * k))) + c)),
        Three("vabsdiff4.u32.u32.u32.add", "u32", (a, b, c) => U((ulong)Enumerable.Range(0, 4).Sum(k => Math.Abs((byte)(a >> (8 * k)) - (byte)(b >> (8 * k)))) + c)),
    ];

    /// <summary>Bit by bit: what lies outside the value is the sign of the field, as the manual's loop has it.</summary>
    private static ulong Field(ulong a, int position, int length, int width, bool signed)
    {
        ulong sign = !signed || length == 0 ? 0 : a >> Math.Min(position + length - 1, width - 1) & 1, result = 0;
        for (int k = 0; k < width; k++)
            result |= (k < length && position + k < width ? a >> (position + k) & 1 : sign) << k;
        return result;
    }

    private static ulong Permute(ulong bytes, int[] selectors) => Enumerable.Range(0, 4).Aggregate(0ul, (result, k) =>
    {
        ulong value = bytes >> (8 * (selectors[k] & 7)) & 0xFF;
        return result | (((selectors[k] & 8) == 0 ? value : value > 127 ? 255ul : 0) << (8 * k));
    });

    private static float MinF(float a, float b) => float.IsNaN(a) ? b : float.IsNaN(b) ? a : a == b ? (float.IsNegative(a) ? a : b) : a < b ? a : b;

    private static float MaxF(float a, float b) => float.IsNaN(a) ? b : float.IsNaN(b) ? a : a == b ? (float.IsNegative(a) ? b : a) : a > b ? a : b;

    private static float Sat(float a) => a > 0 ? Math.Min(a, 1) : 0;

    /// <summary>The neighbour that a direction asks for, by exact comparison in decimal-free double arithmetic.</summary>
    private static float Directed(double exact, int errorSign, int direction)
    {
        float nearest = (float)exact;
        if (!double.IsFinite(exact))
            return nearest;
        int sign = double.Sign(exact - nearest) is var rest && float.IsFinite(nearest) && rest != 0 ? rest : float.IsInfinity(nearest) ? (nearest > 0 ? -1 : 1) : errorSign;
        int wanted = direction == 0 ? -double.Sign(exact) : direction;
        return sign != 0 && sign == wanted ? (wanted > 0 ? float.BitIncrement(nearest) : float.BitDecrement(nearest)) : nearest;
    }

    private static float FmaDirected(float a, float b, float c, int direction)
    {
        double product = (double)a * b, sum = product + c, part = sum - product;
        double error = (product - (sum - part)) + (c - part);
        if (sum == 0)
            return product == 0 && double.IsNegative(product) == float.IsNegative(c) ? (float)sum : direction < 0 ? -0f : 0f;
        return Directed(sum, double.IsFinite(sum) ? double.Sign(error) : 0, direction);
    }

    private static IEnumerable<InstructionForm> Floats() =>
    [
        Two("add.f32", "u32", (a, b) => B(F(a) + F(b))), Two("add.rn.f32", "u32", (a, b) => B(F(a) + F(b))), Two("sub.f32", "u32", (a, b) => B(F(a) - F(b))), Two("mul.f32", "u32", (a, b) => B(F(a) * F(b))),
        Two("add.ftz.f32", "u32", (a, b) => B(Z(Z(F(a)) + Z(F(b))))), Two("mul.ftz.f32", "u32", (a, b) => B(Z(Z(F(a)) * Z(F(b))))), Two("add.sat.f32", "u32", (a, b) => B(Sat(F(a) + F(b)))),
        Two("div.rn.f32", "u32", (a, b) => B(F(a) / F(b))), Three("fma.rn.f32", "u32", (a, b, c) => B(MathF.FusedMultiplyAdd(F(a), F(b), F(c)))),
        Three("fma.rn.ftz.f32", "u32", (a, b, c) => B(Z(MathF.FusedMultiplyAdd(Z(F(a)), Z(F(b)), Z(F(c)))))),
        Three("fma.rm.f32", "u32", (a, b, c) => B(FmaDirected(F(a), F(b), F(c), -1))), Three("fma.rp.f32", "u32", (a, b, c) => B(FmaDirected(F(a), F(b), F(c), 1))), Three("fma.rz.f32", "u32", (a, b, c) => B(FmaDirected(F(a), F(b), F(c), 0))),
        Two("add.rz.f32", "u32", (a, b) => B(FmaDirected(F(a), 1, F(b), 0))), Two("add.rm.f32", "u32", (a, b) => B(FmaDirected(F(a), 1, F(b), -1))),
        Two("min.f32", "u32", (a, b) => B(MinF(F(a), F(b)))), Two("max.f32", "u32", (a, b) => B(MaxF(F(a), F(b)))),
        Two("min.NaN.f32", "u32", (a, b) => B(float.IsNaN(F(a)) || float.IsNaN(F(b)) ? float.NaN : MinF(F(a), F(b)))),
        One("abs.f32", "u32", a => a & 0x7FFFFFFF), One("neg.f32", "u32", a => a ^ 0x80000000), One("neg.ftz.f32", "u32", a => B(-Z(F(a)))),
        One("sqrt.rn.f32", "u32", a => B(MathF.Sqrt(F(a)))), One("rcp.rn.f32", "u32", a => B(1 / F(a))),
        One("ex2.approx.f32", "u32", a => B((float)Math.Pow(2, F(a))), 2), One("ex2.approx.ftz.f32", "u32", a => B(Z((float)Math.Pow(2, Z(F(a))))), 2),
        One("lg2.approx.f32", "u32", a => B((float)Math.Log2(F(a))), 2), One("rsqrt.approx.f32", "u32", a => B((float)(1 / Math.Sqrt(F(a)))), 2), One("rcp.approx.ftz.f32", "u32", a => B(Z(1 / Z(F(a)))), 1),
        One("tanh.approx.f32", "u32", a => B((float)Math.Tanh(F(a))), 2),
        Two("copysign.f32", "u32", (a, b) => (b & 0x7FFFFFFF) | (a & 0x80000000)),
    ];

    private static IEnumerable<InstructionForm> Doubles() =>
    [
        Two("add.f64", "u64", (a, b) => B(D(a) + D(b))), Two("sub.f64", "u64", (a, b) => B(D(a) - D(b))), Two("mul.f64", "u64", (a, b) => B(D(a) * D(b))), Two("div.rn.f64", "u64", (a, b) => B(D(a) / D(b))),
        Three("fma.rn.f64", "u64", (a, b, c) => B(Math.FusedMultiplyAdd(D(a), D(b), D(c)))), One("sqrt.rn.f64", "u64", a => B(Math.Sqrt(D(a)))), One("rcp.rn.f64", "u64", a => B(1 / D(a))),
        One("neg.f64", "u64", a => a ^ (1ul << 63)), One("abs.f64", "u64", a => a & (ulong.MaxValue >> 1)),
        Two("add.rz.f64", "u64", (a, b) => B(Exact(D(a), D(b), 0, D(a) + D(b), false))), Two("add.rp.f64", "u64", (a, b) => B(Exact(D(a), D(b), 1, D(a) + D(b), false))),
        Two("mul.rm.f64", "u64", (a, b) => B(Exact(D(a), D(b), -1, D(a) * D(b), true))), Two("mul.rz.f64", "u64", (a, b) => B(Exact(D(a), D(b), 0, D(a) * D(b), true))),
        Two("min.f64", "u64", (a, b) => B(double.MinNumber(D(a), D(b)))), Two("max.f64", "u64", (a, b) => B(double.MaxNumber(D(a), D(b)))),
    ];

    /// <summary>A sum or product in big integers, in units of 2^-2148, compared with the nearest double.</summary>
    private static double Exact(double a, double b, int direction, double nearest, bool isProduct)
    {
        if (!double.IsFinite(a) || !double.IsFinite(b))
            return nearest;
        static BigInteger Units(double value)
        {
            long bits = BitConverter.DoubleToInt64Bits(value);
            int exponent = (int)(bits >> 52) & 0x7FF;
            BigInteger mantissa = (bits & 0xFFFFFFFFFFFFF) | (exponent == 0 ? 0 : 1L << 52);
            return (bits < 0 ? -mantissa : mantissa) << Math.Max(exponent - 1, 0);
        }

        BigInteger exact = isProduct ? Units(a) * Units(b) : (Units(a) + Units(b)) << 1074;
        int sign = double.IsInfinity(nearest) ? (nearest > 0 ? -1 : 1) : exact.CompareTo(Units(nearest) << 1074);
        int wanted = direction == 0 ? -exact.Sign : direction;
        return sign != 0 && sign == wanted ? (wanted > 0 ? double.BitIncrement(nearest) : double.BitDecrement(nearest)) : nearest;
    }

    private static Half RoundOnce(double exact) => (Half)exact;

    private static IEnumerable<InstructionForm> Halves() =>
    [
        Two("add.f16", "u16", (a, b) => B(RoundOnce((double)H(a) + (double)H(b)))), Two("sub.rn.f16", "u16", (a, b) => B(RoundOnce((double)H(a) - (double)H(b)))), Two("mul.rn.f16", "u16", (a, b) => B(RoundOnce((double)H(a) * (double)H(b)))),

        // The sum of a product of halves and a half is exact in double, or far from a tie between two halves.
        Three("fma.rn.f16", "u16", (a, b, c) => B(RoundOnce(((double)H(a) * (double)H(b)) + (double)H(c)))),
        Two("min.f16", "u16", (a, b) => B((Half)MinF((float)H(a), (float)H(b)))), Two("max.f16", "u16", (a, b) => B((Half)MaxF((float)H(a), (float)H(b)))),
        Two("add.f16x2", "u32", (a, b) => B(RoundOnce((double)H(a) + (double)H(b))) | (B(RoundOnce((double)H(a >> 16) + (double)H(b >> 16))) << 16)),
        new("cvt.f32.f16", "u32", ["u16"], (a, _, _) => B((float)H(a))), new("cvt.rn.f16.f32", "u16", ["u32"], (a, _, _) => B((Half)F(a))),
        new("cvt.rn.f16x2.f32", "u32", ["u32", "u32"], (a, b, _) => (B((Half)F(a)) << 16) | B((Half)F(b))),
        new("cvt.rn.bf16.f32", "u16", ["u32"], (a, _, _) => Bf(F(a))), new("cvt.rn.bf16x2.f32", "u32", ["u32", "u32"], (a, b, _) => (Bf(F(a)) << 16) | Bf(F(b))),
        new("cvt.rz.f16.f32", "u16", ["u32"], (a, _, _) => HalfTowardZero(F(a))),
    ];

    private static ulong Bf(float value)
    {
        if (float.IsNaN(value))
            return 0x7FFF;
        uint bits = (uint)B(value), low = bits & 0xFFFF, high = bits >> 16;
        return high + (low > 0x8000 || (low == 0x8000 && (high & 1) != 0) ? 1u : 0);
    }

    private static ulong HalfTowardZero(float value)
    {
        if (float.IsInfinity(value) || float.IsNaN(value))
            return B((Half)value);
        Half nearest = (Half)value;
        return Math.Abs((double)nearest) > Math.Abs((double)value) ? B(nearest) - 1 : B(nearest);
    }

    private static IEnumerable<InstructionForm> Compares()
    {
        (string Name, Func<double, double, bool> Test)[] tests = [("eq", (a, b) => a == b), ("ne", (a, b) => a != b), ("lt", (a, b) => a < b), ("le", (a, b) => a <= b), ("gt", (a, b) => a > b), ("ge", (a, b) => a >= b)];
        foreach ((string name, Func<double, double, bool> test) in tests)
        {
            yield return new($"setp.{name}.s32", "pred", ["u32", "u32"], (a, b, _) => T(test(S(a), S(b))));
            yield return new($"setp.{name}.u32", "pred", ["u32", "u32"], (a, b, _) => T(test(a, b)));
            yield return new($"setp.{name}.s64", "pred", ["u64", "u64"], (a, b, _) => T(test(((long)a).CompareTo((long)b), 0)));
            yield return new($"setp.{name}.u64", "pred", ["u64", "u64"], (a, b, _) => T(test(a.CompareTo(b), 0)));
            yield return new($"setp.{name}.s16", "pred", ["u16", "u16"], (a, b, _) => T(test((short)a, (short)b)));
            yield return new($"setp.{name}.f32", "pred", ["u32", "u32"], (a, b, _) => T(!float.IsNaN(F(a)) && !float.IsNaN(F(b)) && test(F(a), F(b))));
            yield return new($"setp.{name}.ftz.f32", "pred", ["u32", "u32"], (a, b, _) => T(!float.IsNaN(F(a)) && !float.IsNaN(F(b)) && test(Z(F(a)), Z(F(b)))));
            yield return new($"setp.{name}u.f32", "pred", ["u32", "u32"], (a, b, _) => T(float.IsNaN(F(a)) || float.IsNaN(F(b)) || test(F(a), F(b))));
            yield return new($"setp.{name}.f64", "pred", ["u64", "u64"], (a, b, _) => T(!double.IsNaN(D(a)) && !double.IsNaN(D(b)) && test(D(a), D(b))));
            yield return new($"setp.{name}.f16", "pred", ["u16", "u16"], (a, b, _) => T(!Half.IsNaN(H(a)) && !Half.IsNaN(H(b)) && test((double)H(a), (double)H(b))));
        }

        yield return new("setp.num.f32", "pred", ["u32", "u32"], (a, b, _) => T(!float.IsNaN(F(a)) && !float.IsNaN(F(b))));
        yield return new("setp.nan.f32", "pred", ["u32", "u32"], (a, b, _) => T(float.IsNaN(F(a)) || float.IsNaN(F(b))));
        yield return new("set.lt.u32.f32", "u32", ["u32", "u32"], (a, b, _) => F(a) < F(b) ? uint.MaxValue : 0);
    }

    private static ulong ToInteger(double value, double min, double max, ulong notANumber, Func<double, double> round, int bits)
    {
        if (double.IsNaN(value))
            return notANumber;
        double rounded = round(value);
        Int128 result = rounded >= max ? (Int128)max - (max >= 9e18 ? 0 : 0) : rounded <= min ? (Int128)min : (Int128)rounded;
        Int128 top = (Int128)max, clamped = result > top ? top : result;
        return (ulong)clamped & (bits == 64 ? ulong.MaxValue : (1ul << bits) - 1);
    }

    private static IEnumerable<InstructionForm> Converts()
    {
        (string Name, Func<double, double> Round)[] roundings = [("rni", v => Math.Round(v, MidpointRounding.ToEven)), ("rzi", Math.Truncate), ("rmi", Math.Floor), ("rpi", Math.Ceiling)];
        foreach ((string name, Func<double, double> round) in roundings)
        {
            yield return new($"cvt.{name}.s32.f32", "u32", ["u32"], (a, _, _) => ToInteger(F(a), int.MinValue, int.MaxValue, 0, round, 32));
            yield return new($"cvt.{name}.u32.f32", "u32", ["u32"], (a, _, _) => ToInteger(F(a), 0, uint.MaxValue, 0, round, 32));
            yield return new($"cvt.{name}.s32.f64", "u32", ["u64"], (a, _, _) => ToInteger(D(a), int.MinValue, int.MaxValue, 0x80000000, round, 32));
            yield return new($"cvt.{name}.f32.f32", "u32", ["u32"], (a, _, _) => B((float)round(F(a))));
            yield return new($"cvt.{name}.f64.f64", "u64", ["u64"], (a, _, _) => B(round(D(a))));
        }

        yield return new("cvt.rn.f32.s32", "u32", ["u32"], (a, _, _) => B((float)S(a)));
        yield return new("cvt.rn.f32.u32", "u32", ["u32"], (a, _, _) => B((float)(double)a));
        yield return new("cvt.rn.f64.s32", "u64", ["u32"], (a, _, _) => B((double)S(a)));
        yield return new("cvt.rn.f64.s64", "u64", ["u64"], (a, _, _) => B((double)(long)a));
        yield return new("cvt.f64.f32", "u64", ["u32"], (a, _, _) => B((double)F(a)));
        yield return new("cvt.rn.f32.f64", "u32", ["u64"], (a, _, _) => B((float)D(a)));
        yield return new("cvt.sat.f32.f32", "u32", ["u32"], (a, _, _) => B(Sat(F(a))));
        yield return new("cvt.s64.s32", "u64", ["u32"], (a, _, _) => (ulong)S(a));
        yield return new("cvt.u64.u32", "u64", ["u32"], (a, _, _) => a);
        yield return new("cvt.u32.u64", "u32", ["u64"], (a, _, _) => U(a));
        yield return new("cvt.s32.s16", "u32", ["u16"], (a, _, _) => R((short)a));
        yield return new("cvt.u32.u16", "u32", ["u16"], (a, _, _) => a);
        yield return new("cvt.u16.u32", "u16", ["u32"], (a, _, _) => (ushort)a);
        yield return new("cvt.s32.s8", "u32", ["u32"], (a, _, _) => R((sbyte)a));
        yield return new("cvt.s16.s8", "u32", ["u32"], (a, _, _) => R((sbyte)a));
        yield return new("cvt.u32.u8", "u32", ["u32"], (a, _, _) => (byte)a);
        yield return new("cvt.sat.u8.s32", "u32", ["u32"], (a, _, _) => (ulong)Math.Clamp(S(a), 0, 255));
        yield return new("cvt.sat.s8.s32", "u32", ["u32"], (a, _, _) => R(Math.Clamp(S(a), -128, 127)));
        yield return new("cvt.rna.tf32.f32", "u32", ["u32"], (a, _, _) => float.IsFinite(F(a)) ? (a + 0x1000) & 0xFFFFE000 : a);
    }
}
