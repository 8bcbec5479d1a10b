using System.Numerics;

namespace Sequoia.SoftwareGpu.Tests;

/// <summary>Integer and bit forms in all their types, against big integers.</summary>
internal static class IntegerForms
{
    private static readonly string[] Types = ["u16", "s16", "u32", "s32", "u64", "s64"];

    public static IEnumerable<InstructionForm> All() => [.. Arithmetic(), .. Carries(), .. Wide(), .. Packed(), .. Bits(), .. Bytes(), .. Logic(), .. Moves()];

    private static int Width(string type) => int.Parse(type[1..]);

    private static string Register(string type) => $"u{Width(type)}";

    private static ulong Cut(BigInteger value, int width) => (ulong)(value & ((BigInteger.One << width) - 1));

    private static BigInteger Value(ulong bits, string type) =>
        type[0] == 's' && (bits >> (Width(type) - 1) & 1) != 0 ? (BigInteger)bits - (BigInteger.One << Width(type)) : bits;

    private static InstructionForm Of(string opcode, string type, int operands, Func<BigInteger, BigInteger, BigInteger, BigInteger> f) =>
        new($"{opcode}.{type}", Register(type), [.. Enumerable.Repeat(Register(type), operands)], (a, b, c) => Cut(f(Value(a, type), Value(b, type), Value(c, type)), Width(type)));

    private static IEnumerable<InstructionForm> Arithmetic()
    {
        foreach (string type in Types)
        {
            int width = Width(type);
            yield return Of("add", type, 2, (a, b, _) => a + b);
            yield return Of("sub", type, 2, (a, b, _) => a - b);
            yield return Of("mul.lo", type, 2, (a, b, _) => a * b);
            yield return Of("mul.hi", type, 2, (a, b, _) => (a * b) >> width);
            yield return Of("mad.lo", type, 3, (a, b, c) => (a * b) + c);
            if (width > 16)
                yield return Of("mad.hi", type, 3, (a, b, c) => ((a * b) >> width) + c);
            yield return Of("min", type, 2, (a, b, _) => BigInteger.Min(a, b));
            yield return Of("max", type, 2, (a, b, _) => BigInteger.Max(a, b));

            // Division by zero is not defined; here all bits are set, and the remainder is the dividend.
            yield return Of("div", type, 2, (a, b, _) => b.IsZero ? -1 : a / b);
            yield return Of("rem", type, 2, (a, b, _) => b.IsZero ? a : a % b);
        }

        foreach (string type in (string[])["s32", "u32"])
        {
            // The low 24 bits as a number of that sign.
            BigInteger Low(BigInteger v) => (v & 0xFFFFFF) - (type == "s32" && !(v & 0x800000).IsZero ? 1 << 24 : 0);
            yield return Of("mul24.lo", type, 2, (a, b, _) => Low(a) * Low(b));
            yield return Of("mad24.lo", type, 3, (a, b, c) => (Low(a) * Low(b)) + c);
        }
    }

    private static IEnumerable<InstructionForm> Wide()
    {
        foreach (string type in (string[])["u16", "s16", "u32", "s32"])
        {
            string wide = $"{type[0]}{2 * Width(type)}";
            yield return new($"mul.wide.{type}", Register(wide), [Register(type), Register(type)], (a, b, _) => Cut(Value(a, type) * Value(b, type), Width(wide)));
            yield return new($"mad.wide.{type}", Register(wide), [Register(type), Register(type), Register(wide)], (a, b, c) => Cut((Value(a, type) * Value(b, type)) + c, Width(wide)));
        }
    }

    /// <summary>Each form once for its value and once for the carry that it leaves; %q is thrown away.</summary>
    private static IEnumerable<InstructionForm> Carries()
    {
        foreach (string type in (string[])["u32", "s32", "u64", "s64"])
        {
            int width = Width(type);
            BigInteger all = BigInteger.One << width;
            InstructionForm Carry(string opcode, string code, string variation, Func<BigInteger, BigInteger, BigInteger, BigInteger> f) =>
                new($"{opcode}.{type}", Register(type), [Register(type), Register(type), Register(type)], (a, b, c) => Cut(f(a, b, c), width)) { Code = code.Replace("T", type), Variation = variation };
            BigInteger Of(BigInteger sum) => sum >= all ? 1 : 0;
            BigInteger Lent(BigInteger difference) => difference < 0 ? 1 : 0;
            yield return Carry("add.cc", "add.cc.T %r, %a, %b;", "", (a, b, _) => a + b);
            yield return Carry("add.cc", "add.cc.T %q, %a, %b; addc.T %r, 0, 0;", "_carry", (a, b, _) => Of(a + b));
            yield return Carry("addc", "add.cc.T %q, %a, %b; addc.T %r, %b, %c;", "", (a, b, c) => b + c + Of(a + b));
            yield return Carry("addc.cc", "add.cc.T %q, %a, %b; addc.cc.T %r, %b, %c;", "", (a, b, c) => b + c + Of(a + b));
            yield return Carry("addc.cc", "add.cc.T %q, %a, %b; addc.cc.T %q, %b, %c; addc.T %r, 0, 0;", "_carry", (a, b, c) => Of(b + c + Of(a + b)));
            yield return Carry("sub.cc", "sub.cc.T %r, %a, %b;", "", (a, b, _) => a - b);
            yield return Carry("sub.cc", "sub.cc.T %q, %a, %b; subc.T %r, 0, 0;", "_borrow", (a, b, _) => -Lent(a - b));
            yield return Carry("subc", "sub.cc.T %q, %a, %b; subc.T %r, %b, %c;", "", (a, b, c) => b - c - Lent(a - b));
            yield return Carry("subc.cc", "sub.cc.T %q, %a, %b; subc.cc.T %r, %b, %c;", "", (a, b, c) => b - c - Lent(a - b));
            yield return Carry("subc.cc", "sub.cc.T %q, %a, %b; subc.cc.T %q, %b, %c; subc.T %r, 0, 0;", "_borrow", (a, b, c) => -Lent(b - c - Lent(a - b)));
            foreach (string part in (string[])["lo", "hi"])
            {
                BigInteger Part(BigInteger a, BigInteger b) => part == "lo" ? Cut(a * b, width) : Cut((Value((ulong)a, type) * Value((ulong)b, type)) >> width, width);
                string Code(string code) => code.Replace("PART", part);
                yield return Carry($"mad.{part}.cc", Code("mad.PART.cc.T %r, %a, %b, %c;"), "", (a, b, c) => Part(a, b) + c);
                yield return Carry($"mad.{part}.cc", Code("mad.PART.cc.T %q, %a, %b, %c; addc.T %r, 0, 0;"), "_carry", (a, b, c) => Of(Part(a, b) + c));
                yield return Carry($"madc.{part}", Code("add.cc.T %q, %a, %c; madc.PART.T %r, %a, %b, %c;"), "", (a, b, c) => Part(a, b) + c + Of(a + c));
                yield return Carry($"madc.{part}.cc", Code("add.cc.T %q, %a, %c; madc.PART.cc.T %r, %a, %b, %c;"), "", (a, b, c) => Part(a, b) + c + Of(a + c));
                yield return Carry($"madc.{part}.cc", Code("add.cc.T %q, %a, %c; madc.PART.cc.T %q, %a, %b, %c; addc.T %r, 0, 0;"), "_carry", (a, b, c) => Of(Part(a, b) + c + Of(a + c)));
            }
        }
    }

    private static IEnumerable<InstructionForm> Packed()
    {
        foreach (string type in (string[])["u16", "s16"])
        {
            InstructionForm Both(string opcode, Func<BigInteger, BigInteger, BigInteger> f) => new(
                $"{opcode}.{type}x2", "u32", ["u16x2", "u16x2"],
                (a, b, _) => Cut(f(Value(a & 0xFFFF, type), Value(b & 0xFFFF, type)), 16) | (Cut(f(Value(a >> 16, type), Value(b >> 16, type)), 16) << 16));
            yield return Both("add", (a, b) => a + b);
            yield return Both("min", BigInteger.Min);
            yield return Both("max", BigInteger.Max);
        }
    }

    private static IEnumerable<InstructionForm> Bits()
    {
        foreach (string type in (string[])["u32", "s32", "u64", "s64"])
        {
            int width = Width(type);
            int Find(ulong a)
            {
                BigInteger value = Value(a, type);
                ulong searched = Cut(value < 0 ? ~value : value, width);
                return searched == 0 ? -1 : BitOperations.Log2(searched);
            }

            yield return new($"bfind.{type}", "u32", [Register(type)], (a, _, _) => (uint)Find(a));
            yield return new($"bfind.shiftamt.{type}", "u32", [Register(type)], (a, _, _) => (uint)(Find(a) < 0 ? -1 : width - 1 - Find(a)));
        }

        yield return new("brev.b64", "u64", ["u64"], (a, _, _) => Enumerable.Range(0, 64).Aggregate(0ul, (r, k) => r | ((a >> k & 1) << (63 - k))));
        foreach (int width in (int[])[32, 64])
        {
            // The fields' place and length are the low bytes of the third operand's two halves.
            yield return new($"bfi.b{width}", $"u{width}", [$"u{width}", $"u{width}", "u32"], (a, b, c) => Insert(a, b, (int)(c & 255), (int)(c >> 8 & 255), width))
            {
                Code = $".reg .b32 %n; shr.u32 %n, %c, 8; bfi.b{width} %r, %a, %b, %c, %n;",
            };
        }

        for (int table = 0; table < 256; table++)
        {
            int t = table;
            yield return new("lop3.b32", "u32", ["u32", "u32", "u32"], (a, b, c) => Enumerable.Range(0, 32).Aggregate(0ul, (r, k) => r | ((ulong)(t >> (int)((((a >> k) & 1) << 2) | (((b >> k) & 1) << 1) | ((c >> k) & 1)) & 1) << k)))
            {
                Code = $"lop3.b32 %r, %a, %b, %c, {t};",
                Variation = $"_{t:x2}",
            };
        }

        // Bytes replicated towards an edge: selectors at or past the chosen byte.
        yield return new("prmt.b32.ecl", "u32", ["u32", "u32", "u32"], (a, b, c) => Pick(a, k => Math.Max(k, (int)(c & 3))));
        yield return new("prmt.b32.ecr", "u32", ["u32", "u32", "u32"], (a, b, c) => Pick(a, k => Math.Min(k, (int)(c & 3))));
    }

    private static ulong Insert(ulong a, ulong b, int position, int length, int width)
    {
        for (int k = 0; k < length && position + k < width; k++)
            b = (b & ~(1ul << (position + k))) | ((a >> k & 1) << (position + k));
        return b;
    }

    private static ulong Pick(ulong a, Func<int, int> from) => Enumerable.Range(0, 4).Aggregate(0ul, (r, k) => r | ((a >> (8 * from(k)) & 0xFF) << (8 * k)));

    private static IEnumerable<InstructionForm> Bytes()
    {
        foreach (string left in (string[])["u32", "s32"])
        {
            foreach (string right in (string[])["u32", "s32"])
            {
                BigInteger Byte(ulong word, int k, string type) => Value(word >> (8 * k) & 0xFF, $"{type[0]}8");
                BigInteger Half(ulong word, int k, string type) => Value(word >> (16 * k) & 0xFFFF, $"{type[0]}16");
                BigInteger Sum(int count, Func<int, BigInteger> f) => Enumerable.Range(0, count).Aggregate(BigInteger.Zero, (s, k) => s + f(k));
                yield return new($"dp4a.{left}.{right}", "u32", ["u32", "u32", "u32"], (a, b, c) => Cut(c + Sum(4, k => Byte(a, k, left) * Byte(b, k, right)), 32));
                yield return new($"dp2a.lo.{left}.{right}", "u32", ["u32", "u32", "u32"], (a, b, c) => Cut(c + Sum(2, k => Half(a, k, left) * Byte(b, k, right)), 32));
                yield return new($"dp2a.hi.{left}.{right}", "u32", ["u32", "u32", "u32"], (a, b, c) => Cut(c + Sum(2, k => Half(a, k, left) * Byte(b, k + 2, right)), 32));
                if (left != right)
                    continue;
                BigInteger Difference(ulong a, ulong b, int k) => BigInteger.Abs(Byte(a, k, left) - Byte(b, k, left));
                yield return new($"vabsdiff4.u32.{left}.{left}.add", "u32", ["u32", "u32", "u32"], (a, b, c) => Cut(c + Sum(4, k => Difference(a, b, k)), 32));
                yield return new($"vabsdiff4.u32.{left}.{left}", "u32", ["u32", "u32", "u32"], (a, b, c) => Cut(Sum(4, k => Difference(a, b, k) << (8 * k)), 32));
            }
        }
    }

    private static IEnumerable<InstructionForm> Logic()
    {
        foreach (int width in (int[])[16, 32, 64])
        {
            string register = $"u{width}";
            yield return new($"and.b{width}", register, [register, register], (a, b, _) => a & b);
            yield return new($"or.b{width}", register, [register, register], (a, b, _) => a | b);
            yield return new($"xor.b{width}", register, [register, register], (a, b, _) => a ^ b);
            yield return new($"not.b{width}", register, [register], (a, _, _) => Cut(~(BigInteger)a, width));
            yield return new($"cnot.b{width}", register, [register], (a, _, _) => a == 0 ? 1u : 0);
            yield return new($"shr.b{width}", register, [register, "u32"], (a, b, _) => b >= (ulong)width ? 0 : a >> (int)b);
        }

        const string read = "setp.ne.u32 %f, %a, 1; setp.ne.u32 %g, %b, 1; ";
        foreach ((string name, Func<bool, bool, bool> f) in ((string, Func<bool, bool, bool>)[])[("and", (a, b) => a && b), ("or", (a, b) => a || b), ("xor", (a, b) => a != b)])
            yield return new($"{name}.pred", "pred", ["u32", "u32"], (a, b, _) => f(a != 1, b != 1) ? 1u : 0) { Code = $"{read}{name}.pred %r, %f, %g;" };
        yield return new("not.pred", "pred", ["u32", "u32"], (a, _, _) => a != 1 ? 0u : 1) { Code = read + "not.pred %r, %f;" };
        yield return new("mov.pred", "pred", ["u32", "u32"], (a, _, _) => a != 1 ? 1u : 0) { Code = read + "mov.pred %r, %f;" };
    }

    private static IEnumerable<InstructionForm> Moves()
    {
        foreach (string type in (string[])["b16", "u16", "s16", "b32", "u32", "s32", "f32", "b64", "u64", "s64", "f64"])
        {
            string register = $"u{Width(type)}";
            yield return new($"mov.{type}", register, [register], (a, _, _) => a) { Code = $"mov.{type} %q, %a; mov.{type} %r, %q;" };
            yield return new($"selp.{type}", register, [register, register], (a, b, _) => a != b && a < b ? a : b) { Code = $"setp.lt.u{Width(type)} %f, %a, %b; selp.{type} %r, %a, %b, %f;" };
            yield return new($"slct.{type}.s32", register, [register, register, "u32"], (a, b, c) => (int)c >= 0 ? a : b);
            yield return new($"slct.{type}.f32", register, [register, register, "u32"], (a, b, c) => BitConverter.UInt32BitsToSingle((uint)c) >= 0 ? a : b);
            yield return new($"slct.ftz.{type}.f32", register, [register, register, "u32"], (a, b, c) => BitConverter.UInt32BitsToSingle((uint)FloatKind.F32.Flush(c)) >= 0 ? a : b);
        }
    }
}
