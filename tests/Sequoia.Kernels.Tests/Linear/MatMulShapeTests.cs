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
}
