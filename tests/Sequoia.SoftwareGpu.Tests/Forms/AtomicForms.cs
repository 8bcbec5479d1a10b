namespace Sequoia.SoftwareGpu.Tests;

/// <summary>atom and red on each thread's own word: what was there, and what is there then.</summary>
internal static class AtomicForms
{
    private static readonly string[] Spaces = ["", "global", "shared"];

    public static IEnumerable<InstructionForm> All()
    {
        foreach ((string operation, string type, Func<ulong, ulong, ulong, bool, ulong> next) in Operations())
        {
            foreach (string space in Spaces)
            {
                foreach (bool isBehind in space.Length > 0 ? new[] { false, true } : [false])
                {
                    string suffix = type.EndsWith("x2", StringComparison.Ordinal) ? $"noftz.{type}" : type;
                    string opcode = string.Join('.', ((string[])(isBehind ? [operation, space, suffix] : [space, operation, suffix])).Where(p => p.Length > 0));
                    yield return Form($"atom.{opcode}", operation, type, space, next, false);
                    yield return Form($"atom.{opcode}", operation, type, space, next, true);
                    if (operation is not ("exch" or "cas"))
                        yield return Form($"red.{opcode}", operation, type, space, next, true);
                }
            }
        }
    }

    private static int Width(string type) => type switch { "b16" => 16, "f16x2" or "bf16x2" => 32, _ => int.Parse(type[1..]) };

    private static InstructionForm Form(string opcode, string operation, string type, string space, Func<ulong, ulong, ulong, bool, ulong> next, bool isAfter)
    {
        int width = Width(type);
        string register = $"u{width}", operands = operation == "cas" ? "%b, %c" : "%b", at = space == "shared" ? "%m" : "%p0";
        string result = opcode.StartsWith("atom", StringComparison.Ordinal) ? "%q, " : "";
        string code = $"{opcode} {result}[{at}], {operands}; ";
        if (space == "shared")
            code = $".shared .align 8 .b8 words[1024]; .reg .b64 %m, %n; mul.wide.u32 %n, %t2, 8; mov.u64 %m, words; add.u64 %m, %m, %n; st.shared.b{width} [%m], %a; {code}";
        code += isAfter ? $"ld{(space == "shared" ? ".shared" : ".global")}.b{width} %r, [{at}];" : $"mov.b{width} %r, %q;";
        string[] registers = operation == "cas" ? [register, register, register] : [register, type.EndsWith("x2", StringComparison.Ordinal) ? "u16x2" : register];
        FloatKind? kind = FloatKind.All.FirstOrDefault(k => type.StartsWith(k.Name, StringComparison.Ordinal));
        return new(opcode, register, registers, (a, b, c) => isAfter ? next(a, b, c, space == "shared") : a) { Kind = isAfter ? kind : null, Code = code, Variation = isAfter ? "_after" : "" };
    }

    private static IEnumerable<(string Operation, string Type, Func<ulong, ulong, ulong, bool, ulong> Next)> Operations()
    {
        foreach (string type in (string[])["u32", "s32", "u64", "s64"])
        {
            ulong all = ulong.MaxValue >> (64 - Width(type));
            long Signed(ulong v) => Width(type) == 32 ? (int)v : (long)v;
            bool Less(ulong a, ulong b) => type[0] == 's' ? Signed(a) < Signed(b) : a < b;
            yield return ("add", type, (a, b, _, _) => (a + b) & all);
            yield return ("min", type, (a, b, _, _) => Less(b, a) ? b : a);
            yield return ("max", type, (a, b, _, _) => Less(a, b) ? b : a);
        }

        foreach (string type in (string[])["b32", "b64"])
        {
            yield return ("and", type, (a, b, _, _) => a & b);
            yield return ("or", type, (a, b, _, _) => a | b);
            yield return ("xor", type, (a, b, _, _) => a ^ b);
            yield return ("exch", type, (_, b, _, _) => b);
        }

        foreach (string type in (string[])["b16", "b32", "b64"])
            yield return ("cas", type, (a, b, c, _) => a == b ? c : a);
        yield return ("inc", "u32", (a, b, _, _) => a >= b ? 0 : a + 1);
        yield return ("dec", "u32", (a, b, _, _) => a == 0 || a > b ? b : a - 1);

        // Subnormal singles are flushed in global memory, not in shared memory.
        ulong Sum(ulong a, ulong b, FloatKind kind, bool flush)
        {
            ulong In(ulong v) => flush ? kind.Flush(v) : v;
            return In(ExactNumber.Of(In(a), kind).Add(ExactNumber.Of(In(b), kind), Direction.Nearest).Round(kind, Direction.Nearest));
        }

        yield return ("add", "f32", (a, b, _, isShared) => Sum(a, b, FloatKind.F32, !isShared));
        yield return ("add", "f64", (a, b, _, _) => Sum(a, b, FloatKind.F64, false));
        foreach (FloatKind kind in (FloatKind[])[FloatKind.F16, FloatKind.BF16])
            yield return ("add", $"{kind.Name}x2", (a, b, _, _) => Sum(a & 0xFFFF, b & 0xFFFF, kind, false) | (Sum(a >> 16, b >> 16, kind, false) << 16));
    }
}
