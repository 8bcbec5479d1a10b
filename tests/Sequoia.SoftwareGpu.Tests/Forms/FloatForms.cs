namespace Sequoia.SoftwareGpu.Tests;

/// <summary>Every floating-point form whose result IEEE 754 defines, and the approximations with their errors.</summary>
internal static class FloatForms
{
    private static readonly (string Name, Direction Direction)[] Roundings = [("", Direction.Nearest), ("rn", Direction.Nearest), ("rz", Direction.Zero), ("rm", Direction.Down), ("rp", Direction.Up)];

    private delegate ExactNumber Exact(ExactNumber a, ExactNumber b, ExactNumber c, Direction direction);

    public static IEnumerable<InstructionForm> All() => [.. Rounded(FloatKind.F32), .. Rounded(FloatKind.F64), .. Halves(), .. MinMax(), .. Signs(), .. Approximations()];

    private static IEnumerable<InstructionForm> Rounded(FloatKind kind)
    {
        (string Name, int Operands, Exact Exact)[] operations =
        [
            ("add", 2, (a, b, _, d) => a.Add(b, d)), ("sub", 2, (a, b, _, d) => a.Add(b.Negate(), d)), ("mul", 2, (a, b, _, _) => a.Multiply(b)),
            ("fma", 3, (a, b, c, d) => a.Multiply(b).Add(c, d)), ("div", 2, (a, b, _, _) => a.Divide(b)),
            ("rcp", 1, (a, _, _, _) => ExactNumber.Of(1).Divide(a)), ("sqrt", 1, (a, _, _, _) => a.Root()),
        ];
        bool isSingle = kind == FloatKind.F32;
        foreach ((string name, int operands, Exact exact) in operations)
        {
            foreach ((string rounding, Direction direction) in Roundings)
            {
                if (rounding == "" && name is "fma" or "div" or "rcp" or "sqrt")
                    continue;
                foreach (bool flush in isSingle ? new[] { false, true } : [false])
                {
                    foreach (bool saturate in isSingle && name is "add" or "sub" or "mul" or "fma" && isSingle ? new[] { false, true } : [false])
                        yield return Form(name, rounding, direction, kind, operands, exact, flush, saturate);
                }
            }
        }
    }

    private static InstructionForm Form(string name, string rounding, Direction direction, FloatKind kind, int operands, Exact exact, bool flush, bool saturate)
    {
        string opcode = string.Join('.', new[] { name, rounding, flush ? "ftz" : "", saturate ? "sat" : "", kind.Name }.Where(p => p.Length > 0));
        ulong In(ulong bits) => flush ? kind.Flush(bits) : bits;
        ulong Reference(ulong a, ulong b, ulong c)
        {
            ExactNumber value = exact(ExactNumber.Of(In(a), kind), ExactNumber.Of(In(b), kind), ExactNumber.Of(In(c), kind), direction);
            ulong bits = (saturate ? value.Saturate() : value).Round(kind, direction);
            return flush ? kind.Flush(bits) : bits;
        }

        return new(opcode, Register(kind), [.. Enumerable.Repeat(Register(kind), operands)], Reference) { Kind = kind };
    }

    private static string Register(FloatKind kind) => kind.Bits switch { 16 => "u16", 32 => "u32", _ => "u64" };

    /// <summary>A form on 16 bits, and the same on both halves of a word.</summary>
    private static IEnumerable<InstructionForm> Both(string opcode, FloatKind kind, int operands, Func<ulong, ulong, ulong, ulong> reference, int ulps = 0)
    {
        yield return new($"{opcode}.{kind.Name}", "u16", [.. Enumerable.Repeat("u16", operands)], reference, ulps) { Kind = kind };
        yield return new(
            $"{opcode}.{kind.Name}x2", "u32", [.. Enumerable.Repeat("u16x2", operands)],
            (a, b, c) => reference(a & 0xFFFF, b & 0xFFFF, c & 0xFFFF) | (reference(a >> 16, b >> 16, c >> 16) << 16), ulps)
        { Kind = kind };
    }

    private static IEnumerable<InstructionForm> Halves()
    {
        foreach (FloatKind kind in (FloatKind[])[FloatKind.F16, FloatKind.BF16])
        {
            ExactNumber Of(ulong bits) => ExactNumber.Of(bits, kind);
            ulong Round(ExactNumber value) => value.Round(kind, Direction.Nearest);
            IEnumerable<InstructionForm>[] forms =
            [
                Both("add", kind, 2, (a, b, _) => Round(Of(a).Add(Of(b), Direction.Nearest))), Both("add.rn", kind, 2, (a, b, _) => Round(Of(a).Add(Of(b), Direction.Nearest))),
                Both("sub", kind, 2, (a, b, _) => Round(Of(a).Add(Of(b).Negate(), Direction.Nearest))), Both("sub.rn", kind, 2, (a, b, _) => Round(Of(a).Add(Of(b).Negate(), Direction.Nearest))),
                Both("mul", kind, 2, (a, b, _) => Round(Of(a).Multiply(Of(b)))), Both("mul.rn", kind, 2, (a, b, _) => Round(Of(a).Multiply(Of(b)))),
                Both("fma.rn", kind, 3, (a, b, c) => Round(Of(a).Multiply(Of(b)).Add(Of(c), Direction.Nearest))),

                // Rounded from a value that is good to far less than half a unit of these formats: one unit at ties.
                Both("tanh.approx", kind, 1, (a, _, _) => Round(OfDouble(Math.Tanh(ToDouble(a, kind)))), 1),
                kind == FloatKind.F16
                    ? Both("ex2.approx", kind, 1, (a, _, _) => Round(OfDouble(Math.Pow(2, ToDouble(a, kind)))), 1)
                    : Both("ex2.approx.ftz", kind, 1, (a, _, _) => kind.Flush(Round(OfDouble(Math.Pow(2, ToDouble(kind.Flush(a), kind))))), 1),
            ];
            foreach (InstructionForm form in forms.SelectMany(f => f))
                yield return form;
        }
    }

    private static double ToDouble(ulong bits, FloatKind kind) => BitConverter.UInt64BitsToDouble(ExactNumber.Of(bits, kind).Round(FloatKind.F64, Direction.Nearest));

    private static ExactNumber OfDouble(double value) => ExactNumber.Of(BitConverter.DoubleToUInt64Bits(value), FloatKind.F64);

    private static IEnumerable<InstructionForm> MinMax()
    {
        foreach (FloatKind kind in FloatKind.All)
        {
            foreach (bool max in new[] { false, true })
            {
                foreach (bool nan in kind == FloatKind.F64 ? new[] { false } : [false, true])
                {
                    foreach (bool flush in kind == FloatKind.F32 ? new[] { false, true } : [false])
                    {
                        string opcode = (max ? "max" : "min") + (flush ? ".ftz" : "") + (nan ? ".NaN" : "");
                        ulong Reference(ulong a, ulong b, ulong c) => Extreme(kind, flush ? kind.Flush(a) : a, flush ? kind.Flush(b) : b, max, nan);
                        if (kind.Bits == 16)
                        {
                            foreach (InstructionForm form in Both(opcode, kind, 2, Reference))
                                yield return form;
                        }
                        else
                        {
                            yield return new($"{opcode}.{kind.Name}", Register(kind), [Register(kind), Register(kind)], Reference) { Kind = kind };
                        }
                    }
                }
            }
        }
    }

    /// <summary>The number where one is NaN; negative zero is below zero.</summary>
    private static ulong Extreme(FloatKind kind, ulong a, ulong b, bool max, bool nan)
    {
        if (kind.IsNaN(a) || kind.IsNaN(b))
            return nan || (kind.IsNaN(a) && kind.IsNaN(b)) ? kind.Infinity + 1 : kind.IsNaN(a) ? b : a;
        long Order(ulong bits) => (bits & kind.Sign) != 0 ? -1 - (long)(bits & (kind.Sign - 1)) : (long)bits;
        return Order(a) > Order(b) == max ? a : b;
    }

    private static IEnumerable<InstructionForm> Signs()
    {
        foreach (FloatKind kind in FloatKind.All)
        {
            ulong sign = kind.Sign;
            if (kind.Bits == 16)
            {
                foreach (InstructionForm form in Both("neg", kind, 1, (a, _, _) => a ^ sign).Concat(Both("abs", kind, 1, (a, _, _) => a & ~sign)))
                    yield return form;
            }
            else
            {
                yield return new($"neg.{kind.Name}", Register(kind), [Register(kind)], (a, _, _) => a ^ sign) { Kind = kind };
                yield return new($"abs.{kind.Name}", Register(kind), [Register(kind)], (a, _, _) => a & ~sign) { Kind = kind };
            }
        }

        FloatKind single = FloatKind.F32;
        yield return new("neg.ftz.f32", "u32", ["u32"], (a, _, _) => single.Flush(a) ^ single.Sign) { Kind = single };
        yield return new("abs.ftz.f32", "u32", ["u32"], (a, _, _) => single.Flush(a) & ~single.Sign) { Kind = single };
        yield return new("copysign.f64", "u64", ["u64", "u64"], (a, b, _) => (b & ~FloatKind.F64.Sign) | (a & FloatKind.F64.Sign)) { Kind = FloatKind.F64 };
    }

    /// <summary>
    /// Tolerances are those that docs/software-gpu.md promises, about a unit in the last place, not those of hardware. The references
    /// are computed in double and rounded, so they are themselves good to half a unit.
    /// </summary>
    private static IEnumerable<InstructionForm> Approximations()
    {
        FloatKind single = FloatKind.F32;
        (string Name, Func<double, double> Function, int Ulps)[] functions =
        [
            ("ex2", v => Math.Pow(2, v), 2), ("lg2", Math.Log2, 2), ("rsqrt", v => 1 / Math.Sqrt(v), 2), ("rcp", v => 1 / v, 1), ("sqrt", Math.Sqrt, 1), ("sin", Math.Sin, 2), ("cos", Math.Cos, 2),
        ];
        foreach ((string name, Func<double, double> function, int ulps) in functions)
        {
            foreach (bool flush in new[] { false, true })
            {
                ulong Reference(ulong a, ulong b, ulong c)
                {
                    float x = BitConverter.UInt32BitsToSingle((uint)(flush ? single.Flush(a) : a));

                    // Math.Pow(2, -0.0) and its like have no traps here; infinities of sine and cosine are NaN on both sides.
                    ulong bits = BitConverter.SingleToUInt32Bits((float)function(x));
                    return flush ? single.Flush(bits) : bits;
                }

                yield return new($"{name}.approx{(flush ? ".ftz" : "")}.f32", "u32", ["u32"], Reference, ulps) { Kind = single };
            }
        }

        foreach (string name in (string[])["div.approx", "div.full"])
        {
            yield return new($"{name}.f32", "u32", ["u32", "u32"], (a, b, _) => ExactNumber.Of(a, single).Divide(ExactNumber.Of(b, single)).Round(single, Direction.Nearest), 2) { Kind = single };
            yield return new($"{name}.ftz.f32", "u32", ["u32", "u32"], (a, b, _) => single.Flush(ExactNumber.Of(single.Flush(a), single).Divide(ExactNumber.Of(single.Flush(b), single)).Round(single, Direction.Nearest)), 2) { Kind = single };
        }

        ulong Inverse(ulong a) => BitConverter.DoubleToUInt64Bits(1 / BitConverter.UInt64BitsToDouble(a));
        ulong InverseRoot(ulong a) => BitConverter.DoubleToUInt64Bits(1 / Math.Sqrt(BitConverter.UInt64BitsToDouble(a)));
        FloatKind wide = FloatKind.F64;

        // Hardware's forms of these are good to 20 bits; ours, to a unit of double.
        yield return new("rcp.approx.ftz.f64", "u64", ["u64"], (a, _, _) => wide.Flush(Inverse(wide.Flush(a))), 1) { Kind = wide };
        yield return new("rsqrt.approx.f64", "u64", ["u64"], (a, _, _) => InverseRoot(a), 1) { Kind = wide };
        yield return new("rsqrt.approx.ftz.f64", "u64", ["u64"], (a, _, _) => InverseRoot(wide.Flush(a)), 1) { Kind = wide };
    }
}
