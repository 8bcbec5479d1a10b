namespace Sequoia.SoftwareGpu.Tests;

/// <summary>setp and set: every comparison of every type, alone, combined with a predicate, and with both results.</summary>
internal static class CompareForms
{
    private static readonly string[] Ordered = ["eq", "ne", "lt", "le", "gt", "ge"];

    public static IEnumerable<InstructionForm> All()
    {
        foreach (string type in (string[])["b16", "b32", "b64", "u16", "s16", "u32", "s32", "u64", "s64", "f16", "bf16", "f32", "f64"])
        {
            foreach (string comparison in Comparisons(type))
            {
                foreach (string flush in type == "f32" ? new[] { "", ".ftz" } : [""])
                {
                    foreach (InstructionForm form in Of(comparison, flush, type))
                        yield return form;
                }
            }
        }
    }

    private static string[] Comparisons(string type) => type[0] switch
    {
        'b' when type != "bf16" => ["eq", "ne"],
        'u' => [.. Ordered, "lo", "ls", "hi", "hs"],
        's' => Ordered,
        _ => [.. Ordered, .. Ordered.Select(o => o + "u"), "num", "nan"],
    };

    private static IEnumerable<InstructionForm> Of(string comparison, string flush, string type)
    {
        int width = type == "bf16" ? 16 : int.Parse(type[1..]);
        string register = $"u{width}";
        bool Test(ulong a, ulong b) => Compare(comparison, Order(a, b, type, flush.Length > 0));
        yield return new($"setp.{comparison}{flush}.{type}", "pred", [register, register], (a, b, _) => Test(a, b) ? 1u : 0);

        // Both results of one comparison, without and with a predicate that joins in, which may be negated.
        yield return new($"setp.{comparison}{flush}.{type}", "u32", [register, register], (a, b, _) => Test(a, b) ? 1u : 2)
        {
            Code = $"setp.{comparison}{flush}.{type} %f|%g, %a, %b; selp.u32 %q, 1, 0, %f; selp.u32 %s, 2, 0, %g; or.b32 %r, %q, %s;",
            Variation = "_both",
        };
        foreach ((string name, Func<bool, bool, bool> join) in ((string, Func<bool, bool, bool>)[])[("and", (x, y) => x && y), ("or", (x, y) => x || y), ("xor", (x, y) => x != y)])
        {
            foreach (bool negated in new[] { false, true })
            {
                ulong Joined(ulong a, ulong b, ulong c)
                {
                    bool other = (c > 40) != negated, test = Test(a, b);
                    return (join(test, other) ? 1u : 0) | (join(!test, other) ? 2u : 0);
                }

                yield return new($"setp.{comparison}.{name}{flush}.{type}", "u32", [register, register, "u32"], Joined)
                {
                    Code = $"setp.gt.u32 %f, %c, 40; setp.{comparison}.{name}{flush}.{type} %f|%g, %a, %b, {(negated ? "!" : "")}%f; selp.u32 %q, 1, 0, %f; selp.u32 %s, 2, 0, %g; or.b32 %r, %q, %s;",
                    Variation = negated ? "_negated" : "",
                };
            }
        }

        if (width == 64)
            yield break;
        foreach (string to in (string[])["u32", "s32", "f32"])
            yield return new($"set.{comparison}{flush}.{to}.{type}", "u32", [register, register], (a, b, _) => !Test(a, b) ? 0 : to == "f32" ? 0x3F800000u : uint.MaxValue);
    }

    /// <summary>-1, 0 or 1; null where one is NaN.</summary>
    private static int? Order(ulong a, ulong b, string type, bool flush)
    {
        if (FloatKind.All.FirstOrDefault(k => k.Name == type) is not { } kind)
        {
            return type[0] != 's' ? a.CompareTo(b) : int.Parse(type[1..]) switch
            {
                16 => ((short)a).CompareTo((short)b),
                32 => ((int)a).CompareTo((int)b),
                _ => ((long)a).CompareTo((long)b),
            };
        }

        if (kind.IsNaN(a) || kind.IsNaN(b))
            return null;
        ExactNumber Number(ulong bits) => ExactNumber.Of(flush ? kind.Flush(bits) : bits, kind);
        (ExactNumber x, ExactNumber y) = (Number(a), Number(b));
        int Rank(ExactNumber v) => v.IsInfinite ? (v.IsNegative ? -1 : 1) : 0;
        return Rank(x) != Rank(y) ? Rank(x).CompareTo(Rank(y)) : x.Units.CompareTo(y.Units);
    }

    private static bool Compare(string comparison, int? order)
    {
        if (comparison is "num" or "nan")
            return order is null == (comparison == "nan");
        if (order is not { } o)
            return comparison is "equ" or "neu" or "ltu" or "leu" or "gtu" or "geu";
        return comparison[..2] switch
        {
            "eq" => o == 0,
            "ne" => o != 0,
            "lt" or "lo" => o < 0,
            "le" or "ls" => o <= 0,
            "gt" or "hi" => o > 0,
            _ => o >= 0,
        };
    }
}
