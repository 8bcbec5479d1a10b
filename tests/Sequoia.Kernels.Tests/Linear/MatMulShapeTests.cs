using Sequoia.Interop;
using Sequoia.Native.Backends.Cuda;

namespace Sequoia.Kernels.Tests.Linear;

/// <summary>How matrices are stored and shared out.</summary>
internal sealed class MatMulShapeTests
{
    // Llama-2-7B: queries with keys and values, the attention's output, gate and up, down, logits.
    [TestCase(MatMulKind.Rope, 3 * 4096, 4096, 96, 1)]
    [TestCase(MatMulKind.Add, 4096, 4096, 32, 4)]
    [TestCase(MatMulKind.SiluMul, 2 * 11008, 4096, 172, 1)]
    [TestCase(MatMulKind.Add, 4096, 11008, 32, 4)]
    [TestCase(MatMulKind.Plain, 32000, 4096, 250, 1)]
    // Small ones: 512 columns are the least that is worth a split.
    [TestCase(MatMulKind.Add, 768, 3072, 6, 6)]
    [TestCase(MatMulKind.Add, 768, 768, 6, 1)]
    [TestCase(MatMulKind.Plain, 1, 1, 1, 1)]
    public void Splits_make_blocks_for_a_whole_gpu(MatMulKind kind, int outputs, int columns, int rowTiles, int splits)
    {
        var shape = new MatMulShape(kind, outputs, columns);
        Assert.That((shape.RowTiles, shape.Splits), Is.EqualTo((rowTiles, splits)));
    }

    [Test]
    public void A_pass_of_fewer_rows_fits_the_workspace_of_more([Values(1, 5, 128)] int enoughTiles)
    {
        foreach (MatMulShape shape in (MatMulShape[])[new(MatMulKind.Add, 100, 2048), new(MatMulKind.SiluMul, 2 * 500, 2048), new(MatMulKind.Plain, 100, 100)])
        {
            (long partials, int counters) = (0, 0);
            for (int rows = 1; rows < 600; rows++)
            {
                var grid = new MatMulGrid(shape, rows, enoughTiles);
                Assert.That(grid.TokenTiles * grid.Tokens, Is.GreaterThanOrEqualTo(rows));
                (partials, counters) = (Math.Max(partials, grid.Partials), Math.Max(counters, grid.Counters));
                Assert.That((grid.Largest.Partials, grid.Largest.Counters), Is.EqualTo((partials, counters)));
            }
        }
    }

    /// <summary>The residual stream's matrices of Llama-2-7B.</summary>
    [Test]
    public void Workspace_of_long_prompts_is_bounded()
    {
        MatMulGrid long4 = new MatMulGrid(new(MatMulKind.Add, 4096, 11008), 100_000, 128).Largest;
        // Three tiles of 128 rows are the last before four splits are no longer needed to have 128 blocks.
        Assert.That((long4.Rows, long4.Partials), Is.EqualTo((384, 4L * 4096 * 384)));
    }

    [Test]
    public void Every_unit_has_its_gate_and_up_in_one_tile([Values(1, 7, 8, 20)] int units)
    {
        SourceRow[] stored = [.. Enumerable.Range(0, PairedRows.Stored(units)).Select(row => PairedRows.GateUp(row, units))];
        for (int unit = 0; unit < units; unit++)
        {
            int gate = Array.IndexOf(stored, new SourceRow(0, unit));
            Assert.That((gate % 16 < 8, stored[gate + 8]), Is.EqualTo((true, new SourceRow(1, unit))));
        }
        Assert.That(stored.Count(row => row == SourceRow.Padding), Is.EqualTo(stored.Length - (2 * units)));
    }

    [TestCase(4, 2, 8)]
    [TestCase(3, 1, 24)]
    [TestCase(1, 1, 8)]
    public void Every_dimension_lies_8_rows_before_the_one_it_turns_with(int heads, int kvHeads, int headDim)
    {
        int pairs = (heads + (2 * kvHeads)) * headDim / 2;
        SourceRow[] stored = [.. Enumerable.Range(0, PairedRows.Stored(pairs)).Select(row => PairedRows.Qkv(row, heads, kvHeads, headDim))];
        for (int part = 0; part < 3; part++)
        {
            for (int row = 0; row < (part == 0 ? heads : kvHeads) * headDim; row++)
            {
                int at = Array.IndexOf(stored, new SourceRow(part, row));
                Assert.That(at, Is.GreaterThanOrEqualTo(0));
                if (row % headDim < headDim / 2)
                    Assert.That((at % 16 < 8, stored[at + 8]), Is.EqualTo((true, new SourceRow(part, row + (headDim / 2)))));
            }
        }
        Assert.That(stored.Count(row => row == SourceRow.Padding), Is.EqualTo(stored.Length - (2 * pairs)));
    }

    /// <summary>Copies of boxes put the rows of matrices into this order on their way to the device.</summary>
    [TestCase(8, 4)]
    [TestCase(40, 6)]
    public void One_strided_copy_of_each_matrix_pairs_gate_and_up(int units, int columns)
    {
        int group = 8 * columns;
        StridedCopy[] copies =
        [
            .. Enumerable.Range(0, 2).Select(part => new StridedCopy(group, units / 8, 1, new(part * units * columns, group), new(part * group, 2 * group))),
        ];
        SourceRow[] stored = [.. Enumerable.Range(0, PairedRows.Stored(units)).Select(row => PairedRows.GateUp(row, units))];
        AreStored(stored, copies, columns, row => (row.Part * units) + row.Row, 2 * units);
    }

    [TestCase(4, 2, 16, 4)]
    [TestCase(3, 1, 48, 2)]
    public void Two_strided_copies_of_each_matrix_pair_the_halves_of_heads(int heads, int kvHeads, int headDim, int columns)
    {
        int group = 8 * columns, groups = headDim / 16;
        int[] firstHeads = [0, heads, heads + kvHeads], counts = [heads, kvHeads, kvHeads];
        StridedCopy[] copies =
        [
            .. Enumerable.Range(0, 6).Select(copy =>
            {
                (int part, int half) = Math.DivRem(copy, 2);
                int first = firstHeads[part] * headDim * columns;
                return new StridedCopy(
                    group, groups, counts[part], new(first + (half * groups * group), group, 2 * groups), new(first + (half * group), 2 * group, groups));
            }),
        ];
        int all = (heads + (2 * kvHeads)) * headDim;
        SourceRow[] stored = [.. Enumerable.Range(0, PairedRows.Stored(all / 2)).Select(row => PairedRows.Qkv(row, heads, kvHeads, headDim))];
        AreStored(stored, copies, columns, row => (firstHeads[row.Part] * headDim) + row.Row, all);
    }

    private static void AreStored(SourceRow[] stored, StridedCopy[] copies, int columns, Func<SourceRow, int> placeOf, int rows)
    {
        using CudaStream stream = TestGpu.Context.CreateStream(nonBlocking: true);
        using PinnedBuffer<ushort> matrices = TestGpu.Context.AllocatePinned<ushort>(rows * columns);
        for (int i = 0; i < matrices.Length; i++)
            matrices.Span[i] = (ushort)i;
        using DeviceBuffer<ushort> target = TestGpu.Context.Allocate<ushort>(stored.Length * columns);
        target.FillBytesAsync(0, stream);
        foreach (StridedCopy copy in copies)
            target.CopyFromAsync(matrices, copy, stream);
        stream.Synchronize();
        ushort[] seen = target.ToArray();
        for (int row = 0; row < stored.Length; row++)
        {
            int first = placeOf(stored[row]) * columns;
            Assert.That(seen.AsSpan(row * columns, columns).ToArray(), Is.EqualTo(matrices.Span.Slice(first, columns).ToArray()), $"row {row}");
        }
    }
}
