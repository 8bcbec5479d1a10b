namespace Sequoia.SoftwareGpu.Tests;

/// <summary>Instructions between lanes, one at a time, over groups of lanes: all, halves, odd ones.</summary>
internal sealed class WarpFormTests
{
    private static readonly uint[] Groups = [0xFFFFFFFF, 0x0000FFFF, 0xAAAAAAAA, 0x80000001, 0x00000100];

    private delegate ulong Reference(int lane, uint group, ulong[] values);

    /// <summary>Code from the 64-bit value %x, its low word %v, and the group %g to %r.</summary>
    private sealed record Form(string Opcode, string Code, Reference Reference, string Variation = "")
    {
        public override string ToString() => Opcode.Replace('.', '_') + Variation;
    }

    public static IEnumerable<string> Opcodes() => Forms().Select(f => f.Opcode);

    private static IEnumerable<int> Members(uint group) => Enumerable.Range(0, 32).Where(k => (group >> k & 1) != 0);

    private static uint Mask(uint group, Func<int, bool> test) => Members(group).Aggregate(0u, (m, k) => test(k) ? m | (1u << k) : m);

    private static IEnumerable<Form> Forms()
    {
        foreach ((int segment, int width) in ((int, int)[])[(0, 32), (16, 16), (24, 8)])
        {
            foreach (int b in (int[])[0, 1, 5, 31, 37])
            {
                foreach (string mode in (string[])["up", "down", "bfly", "idx"])
                {
                    // The lanes at fault, that have no source in their segment, keep their value and clear the predicate.
                    int c = (segment << 8) | (mode == "up" ? 0 : 31);
                    ulong Shuffled(int lane, uint group, ulong[] v)
                    {
                        int first = lane / width * width, last = first + width - 1, distance = b & 31;
                        int from = mode switch { "up" => lane - distance, "down" => lane + distance, "bfly" => lane ^ distance, _ => first | (distance & (width - 1)) };
                        bool isInside = mode == "up" ? from >= first : from <= last;
                        int source = isInside ? from : lane;
                        return (group >> source & 1) == 0 ? ulong.MaxValue : (uint)v[source] | (isInside ? 1ul << 32 : 0);
                    }

                    yield return new($"shfl.sync.{mode}.b32", $"shfl.sync.{mode}.b32 %w|%p, %v, {b}, {c}, %g; selp.b32 %u, 1, 0, %p; mov.b64 %r, {{%w, %u}};", Shuffled, $"_{width}_{b}");
                }
            }
        }

        const string test = "and.b32 %w, %v, 6; setp.ne.u32 %p, %w, 0; ", done = " selp.u64 %r, 1, 0, %q;";
        bool Test(ulong v) => (v & 6) != 0;
        yield return new("vote.sync.all.pred", test + "vote.sync.all.pred %q, %p, %g;" + done, (_, g, v) => Members(g).All(k => Test(v[k])) ? 1u : 0);
        yield return new("vote.sync.any.pred", test + "vote.sync.any.pred %q, !%p, %g;" + done, (_, g, v) => Members(g).Any(k => !Test(v[k])) ? 1u : 0);
        yield return new("vote.sync.uni.pred", test + "vote.sync.uni.pred %q, %p, %g;" + done, (_, g, v) => Members(g).Select(k => Test(v[k])).Distinct().Count() == 1 ? 1u : 0);
        yield return new("vote.sync.ballot.b32", test + "vote.sync.ballot.b32 %w, %p, %g; cvt.u64.u32 %r, %w;", (_, g, v) => Mask(g, k => Test(v[k])));
        yield return new("elect.sync", "elect.sync %w|%p, %g; selp.b32 %u, 1, 0, %p; mov.b64 %r, {%w, %u};", (lane, g, _) => (uint)Members(g).First() | (lane == Members(g).First() ? 1ul << 32 : 0));
        foreach (int bits in (int[])[32, 64])
        {
            string value = bits == 32 ? "and.b32 %u, %v, 3; " : "and.b64 %x, %x, 0x100000003; ", operand = bits == 32 ? "%u" : "%x";
            ulong Value(ulong v) => v & (bits == 32 ? 3ul : 0x100000003);
            yield return new($"match.any.sync.b{bits}", value + $"match.any.sync.b{bits} %w, {operand}, %g; cvt.u64.u32 %r, %w;", (lane, g, v) => Mask(g, k => Value(v[k]) == Value(v[lane])));
            yield return new($"match.all.sync.b{bits}", value + $"match.all.sync.b{bits} %w|%q, {operand}, %g; selp.b32 %u, 1, 0, %q; mov.b64 %r, {{%w, %u}};",
                (_, g, v) => Members(g).Select(k => Value(v[k])).Distinct().Count() == 1 ? g | (1ul << 32) : 0);
        }

        foreach ((string operation, Func<uint, uint, uint> f) in ((string, Func<uint, uint, uint>)[])
            [("add.u32", (a, b) => a + b), ("add.s32", (a, b) => a + b), ("min.u32", uint.Min), ("max.u32", uint.Max), ("min.s32", (a, b) => (uint)int.Min((int)a, (int)b)), ("max.s32", (a, b) => (uint)int.Max((int)a, (int)b)),
             ("and.b32", (a, b) => a & b), ("or.b32", (a, b) => a | b), ("xor.b32", (a, b) => a ^ b)])
        {
            yield return new($"redux.sync.{operation}", $"redux.sync.{operation} %w, %v, %g; cvt.u64.u32 %r, %w;", (_, g, v) => Members(g).Select(k => (uint)v[k]).Aggregate(f));
        }

        yield return new("activemask.b32", "activemask.b32 %w; cvt.u64.u32 %r, %w;", (_, g, _) => g);
        yield return new("bar.warp.sync", "bar.warp.sync %g; mov.u64 %r, %x;", (lane, _, v) => v[lane]);
    }

    [TestCaseSource(nameof(Forms))]
    public void Equals_its_reference(object tested)
    {
        Form form = (Form)tested;
        using Gpu gpu = Gpu.FromPtx($$"""
            .version 8.4
            .target sm_80
            .address_size 64
            .visible .entry k(.param .u64 values, .param .u64 results, .param .u32 group)
            {
                .reg .b64 %a<4>, %x, %r; .reg .b32 %t<3>, %v, %w, %u, %g; .reg .pred %p, %q, %in;
                mov.u32 %t0, %tid.x; mul.wide.u32 %a0, %t0, 8; ld.param.u32 %g, [group];
                ld.param.u64 %a1, [values]; add.u64 %a1, %a1, %a0; ld.param.u64 %a2, [results]; add.u64 %a2, %a2, %a0;
                ld.global.u64 %x, [%a1]; cvt.u32.u64 %v, %x;
                shr.u32 %t1, %g, %t0; and.b32 %t1, %t1, 1; setp.eq.u32 %in, %t1, 0; @%in bra END;
                {{form.Code}}
                st.global.u64 [%a2], %r;
            END: ret;
            }
            """);
        Random random = new(5);
        foreach (uint group in Groups)
        {
            foreach (bool isUniform in new[] { false, true })
            {
                ulong[] values = [.. Enumerable.Range(0, 32).Select(_ => isUniform ? 0xFFFFFFFF00000005 : (ulong)random.NextInt64() << 1)];
                ulong results = gpu.Upload(new ulong[32]);
                gpu.Launch("k", 1, 32, gpu.Upload(values), results, group);
                ulong[] actual = gpu.Download<ulong>(results, 32);
                foreach (int lane in Members(group))
                {
                    // A lane outside the group that is named as source gives an undefined value.
                    ulong expected = form.Reference(lane, group, values);
                    if (expected != ulong.MaxValue)
                        Assert.That(actual[lane], Is.EqualTo(expected), $"lane {lane} of 0x{group:x8}");
                }
            }
        }
    }
}
