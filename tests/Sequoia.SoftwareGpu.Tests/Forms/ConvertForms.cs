using System.Numerics;

namespace Sequoia.SoftwareGpu.Tests;

/// <summary>cvt between all types, with every rounding, flushing, saturation, and into wider registers.</summary>
internal static class ConvertForms
{
    private static readonly string[] Integers = ["u8", "s8", "u16", "s16", "u32", "s32", "u64", "s64"];

    private static readonly (string Suffix, Direction Direction)[] Directions = [("n", Direction.Nearest), ("z", Direction.Zero), ("m", Direction.Down), ("p", Direction.Up)];

    public static IEnumerable<InstructionForm> All() => [.. IntegerToInteger(), .. FloatToInteger(), .. IntegerToFloat(), .. FloatToFloat(), .. Packs()];

    private static int Width(string type) => int.Parse(type[1..]);

    private static string Register(int bits) => $"u{Math.Max(16, bits)}";

    private static BigInteger Value(ulong bits, string type)
    {
        BigInteger low = bits & (ulong.MaxValue >> (64 - Width(type)));
        return type[0] == 's' && !(low >> (Width(type) - 1)).IsZero ? low - (BigInteger.One << Width(type)) : low;
    }

    private static BigInteger Clamp(BigInteger value, string type)
    {
        BigInteger min = type[0] == 's' ? -(BigInteger.One << (Width(type) - 1)) : 0;
        return BigInteger.Max(min, BigInteger.Min(value, min + (BigInteger.One << Width(type)) - 1));
    }

    /// <summary>What a register of some width holds: the type's bits, extended by its sign.</summary>
    private static ulong Hold(BigInteger value, string type, int registerBits)
    {
        BigInteger cut = value & ((BigInteger.One << Width(type)) - 1);
        return (ulong)(Value((ulong)cut, type) & ((BigInteger.One << registerBits) - 1));
    }

    private static IEnumerable<InstructionForm> IntegerToInteger()
    {
        foreach (string to in Integers)
        {
            foreach (string from in Integers)
            {
                foreach (bool saturate in new[] { false, true })
                {
                    // Also into, and out of, registers that are wider than need be.
                    foreach (int wide in new[] { Math.Max(16, Width(to)), 32, 64 }.Where(w => w >= Width(to)).Distinct())
                    {
                        ulong Reference(ulong a, ulong b, ulong c) => Hold(saturate ? Clamp(Value(a, from), to) : Value(a, from), to, wide);
                        yield return new($"cvt{(saturate ? ".sat" : "")}.{to}.{from}", $"u{wide}", [Register(Width(from))], Reference) { Variation = $"_in_{wide}" };
                        if (Width(from) < 64)
                            yield return new($"cvt{(saturate ? ".sat" : "")}.{to}.{from}", $"u{wide}", ["u64"], Reference) { Variation = $"_in_{wide}_from_64" };
                    }
                }
            }
        }
    }

    private static IEnumerable<InstructionForm> FloatToInteger()
    {
        foreach (string to in Integers)
        {
            foreach (FloatKind from in FloatKind.All)
            {
                foreach ((string suffix, Direction direction) in Directions)
                {
                    foreach (string more in from == FloatKind.F32 ? new[] { "", ".ftz", ".sat", ".ftz.sat" } : ["", ".sat"])
                    {
                        ulong Reference(ulong a, ulong b, ulong c)
                        {
                            ulong bits = more.Contains("ftz") ? from.Flush(a) : a;
                            int register = Math.Max(16, Width(to));
                            if (from.IsNaN(bits))
                                return from == FloatKind.F64 || Width(to) == 64 ? Hold(BigInteger.One << (Width(to) - 1), to, register) : 0;
                            ExactNumber value = ExactNumber.Of(bits, from).Integral(direction);
                            BigInteger whole = value.IsInfinite ? (value.IsNegative ? -1 : 1) * (BigInteger.One << 80) : value.ToInteger();
                            return Hold(Clamp(whole, to), to, register);
                        }

                        yield return new($"cvt.r{suffix}i{more}.{to}.{from.Name}", Register(Width(to)), [Register(from.Bits)], Reference);
                    }
                }
            }
        }
    }

    private static IEnumerable<InstructionForm> IntegerToFloat()
    {
        foreach (FloatKind to in FloatKind.All)
        {
            foreach (string from in Integers)
            {
                foreach ((string suffix, Direction direction) in Directions)
                {
                    foreach (string more in to == FloatKind.F32 ? new[] { "", ".ftz", ".sat", ".ftz.sat" } : to == FloatKind.F64 ? [""] : ["", ".sat"])
                    {
                        ulong Reference(ulong a, ulong b, ulong c)
                        {
                            ExactNumber value = ExactNumber.Of(Value(a, from));
                            return (more.Contains("sat") ? value.Saturate() : value).Round(to, direction);
                        }

                        yield return new($"cvt.r{suffix}{more}.{to.Name}.{from}", Register(to.Bits), [Register(Width(from))], Reference) { Kind = to };
                    }
                }
            }
        }
    }

    private static IEnumerable<InstructionForm> FloatToFloat()
    {
        foreach (FloatKind to in FloatKind.All)
        {
            foreach (FloatKind from in FloatKind.All)
            {
                if (to != from && to.Bits == from.Bits)
                    continue;
                bool narrows = to.Bits < from.Bits;
                IEnumerable<(string Text, Direction Direction, bool IsIntegral)> roundings = narrows ? Directions.Select(d => ($".r{d.Suffix}", d.Direction, false)) : [("", Direction.Nearest, false)];
                if (to == from)
                    roundings = roundings.Concat(Directions.Select(d => ($".r{d.Suffix}i", d.Direction, true)));
                foreach ((string text, Direction direction, bool isIntegral) in roundings)
                {
                    foreach (bool flush in to == FloatKind.F32 || from == FloatKind.F32 ? new[] { false, true } : [false])
                    {
                        foreach (bool saturate in to == FloatKind.F64 ? new[] { false } : [false, true])
                            yield return Of(to, from, text, direction, isIntegral, flush, saturate);
                    }
                }
            }
        }
    }

    private static InstructionForm Of(FloatKind to, FloatKind from, string rounding, Direction direction, bool isIntegral, bool flush, bool saturate)
    {
        ulong Reference(ulong a, ulong b, ulong c)
        {
            ExactNumber value = ExactNumber.Of(flush && from == FloatKind.F32 ? from.Flush(a) : a, from);
            if (isIntegral)
                value = value.Integral(direction);
            ulong bits = (saturate ? value.Saturate() : value).Round(to, direction);
            return flush && to == FloatKind.F32 ? to.Flush(bits) : bits;
        }

        return new($"cvt{rounding}{(flush ? ".ftz" : "")}{(saturate ? ".sat" : "")}.{to.Name}.{from.Name}", Register(to.Bits), [Register(from.Bits)], Reference) { Kind = to };
    }

    private static IEnumerable<InstructionForm> Packs()
    {
        foreach (FloatKind to in (FloatKind[])[FloatKind.F16, FloatKind.BF16])
        {
            foreach (bool relu in new[] { false, true })
            {
                // relu: negative numbers and NaN become zero.
                ulong One(ulong bits)
                {
                    ExactNumber value = ExactNumber.Of(bits, FloatKind.F32);
                    return relu && value.IsNegative && !value.IsNaN ? 0 : value.Round(to, Direction.Nearest);
                }

                yield return new($"cvt.rn{(relu ? ".relu" : "")}.{to.Name}x2.f32", "u32", ["u32", "u32"], (a, b, _) => (One(a) << 16) | One(b)) { Kind = to };
            }
        }
    }
}
