namespace Sequoia.SoftwareGpu.Tests;

/// <summary>ldmatrix: one, two and four matrices, transposed or not, by shared and by generic addresses.</summary>
internal sealed class LoadMatrixTests
{
    private static IEnumerable<(int Count, bool Transposes, string Space)> Forms() =>
        from count in (int[])[1, 2, 4] from transposes in (bool[])[false, true] from space in (string[])["", ".shared"] select (count, transposes, space);

    private static string Opcode(int count, bool transposes, string space) => $"ldmatrix.sync.aligned.m8n8.x{count}{(transposes ? ".trans" : "")}{space}.b16";

    public static IEnumerable<string> Opcodes() => Forms().Select(f => Opcode(f.Count, f.Transposes, f.Space));

    private static IEnumerable<TestCaseData> Cases() => Forms().Select(f => new TestCaseData(f.Count, f.Transposes, f.Space));

    [TestCaseSource(nameof(Cases))]
    public void Rows_arrive_where_mma_wants_them(int count, bool transposes, string space)
    {
        string registers = string.Join(", ", Enumerable.Range(0, count).Select(k => $"%r{k}"));
        string stores = string.Concat(Enumerable.Range(0, count).Select(k => $"st.global.u32 [%a+{128 * k}], %r{k}; "));
        using Gpu gpu = Gpu.FromPtx($$"""
            .version 8.4
            .target sm_80
            .address_size 64
            .visible .entry k(.param .u64 out)
            {
                .shared .align 16 .b8 s[512]; .reg .b64 %a, %m, %o; .reg .b32 %t, %r<4>, %e; .reg .b16 %h;
                mov.u32 %t, %tid.x; mul.wide.u32 %o, %t, 16; mov.u64 %m, s; add.u64 %m, %m, %o;
                mul.lo.u32 %e, %t, 8;
                {{string.Concat(Enumerable.Range(0, 8).Select(k => $"cvt.u16.u32 %h, %e; st.shared.u16 [%m+{2 * k}], %h; add.u32 %e, %e, 1; "))}}
                bar.sync 0;
                {{(space.Length == 0 ? "cvta.shared.u64 %m, %m;" : "")}}
                {{Opcode(count, transposes, space)}} { {{registers}} }, [%m];
                ld.param.u64 %a, [out]; mul.wide.u32 %o, %t, 4; add.u64 %a, %a, %o;
                {{stores}}
                ret;
            }
            """);
        ulong result = gpu.Allocate<uint>(128);
        gpu.Launch("k", 1, 32, result);
        uint[] actual = gpu.Download<uint>(result, 32 * count);
        for (int k = 0; k < count; k++)
        {
            for (int t = 0; t < 32; t++)
            {
                // Element (row, column) of matrix k holds its own number.
                uint Element(int row, int column) => (uint)((k * 64) + (row * 8) + column);
                int first = 2 * (t % 4), other = t / 4;
                uint expected = transposes ? Element(first, other) | (Element(first + 1, other) << 16) : Element(other, first) | (Element(other, first + 1) << 16);
                Assert.That(actual[(32 * k) + t], Is.EqualTo(expected), $"matrix {k}, lane {t}");
            }
        }
    }
}
