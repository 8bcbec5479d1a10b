using Sequoia.SoftwareGpu;

namespace Sequoia.Kernels.Tests.Compaction;

/// <summary>compact_kv and its twin: every row where it belongs, no other byte touched.</summary>
internal sealed class CompactKvTests : CudaFixture
{
    /// <summary>All ascending paths from the root among up to nine nodes.</summary>
    [Test]
    public void Every_path_in_a_small_tree()
    {
        using KernelUnderTest kernel = CompactProblem.Kernel();
        foreach (int[] path in Paths(9))
            new CompactProblem(1, 1, 8, Capacity: 14, Committed: 3, path).Check(kernel);
    }

    [Test]
    public void Large_trees_of_several_shapes([Values(64, 128, 80)] int headDim, [Values] Schedule schedule)
    {
        using KernelUnderTest kernel = CompactProblem.Kernel(), twin = CompactProblem.Twin();
        using var _ = new Launching(Launching.Checked(schedule));
        for (int seed = 0; seed < 4; seed++)
        {
            var random = new Random(seed);
            int[] path = [0, .. Enumerable.Range(1, 99).Where(_ => random.Next(4) == 0)];
            new CompactProblem(3, 2, headDim, Capacity: 140, Committed: 37, path).Check(kernel, twin);
        }
    }

    [Test]
    public void An_empty_verdict_moves_nothing()
    {
        using KernelUnderTest kernel = CompactProblem.Kernel(), twin = CompactProblem.Twin();
        new CompactProblem(2, 2, 64, Capacity: 10, Committed: 4, []).Check(kernel, twin);
    }

    /// <summary>All paths, so that mutants meet them too.</summary>
    public static IEnumerable<int[]> Paths(int nodes)
    {
        for (int set = 0; set < 1 << (nodes - 1); set++)
            yield return [0, .. Enumerable.Range(1, nodes - 1).Where(node => (set >> (node - 1) & 1) != 0)];
    }

    [Test]
    public void Moves_no_byte_twice()
    {
        using KernelUnderTest kernel = CompactProblem.Kernel();
        using var _ = new Launching(new LaunchOptions { Counters = true });
        // Rows 0 and 1 stay; 4, 5, 9, 17 come to 2, 3, 4, 5, so rows 2 to 5, 9 and 17 are touched: six.
        var problem = new CompactProblem(4, 2, 128, Capacity: 40, Committed: 5, [0, 1, 4, 5, 9, 17]);
        KernelProfile profile = problem.Check(kernel).Profile!;
        long columns = problem.Planes * problem.Chunks, moved = 2L * 4 * 16 * columns, threads = columns;
        // A thread reads the verdict's length, the committed rows, three entries of the path to find the first that moves, and the four that do.
        Assert.That(profile.Total.GlobalBytes, Is.EqualTo(moved + (threads * sizeof(int) * (1 + 1 + 3 + 4))));
        Assert.That(profile.DistinctGlobalBytes, Is.EqualTo((6L * 16 * columns) + (sizeof(int) * (1 + 1 + 6))));
    }
}
