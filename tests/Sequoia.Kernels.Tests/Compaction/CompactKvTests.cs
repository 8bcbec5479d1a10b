using Sequoia.Native.Backends.Cuda;
using Sequoia.Native.Backends.Cuda.Checks;
using Sequoia.SoftwareGpu;

namespace Sequoia.Kernels.Tests.Compaction;

/// <summary>compact_kv and its twin: every row where it belongs, no other byte touched.</summary>
internal sealed class CompactKvTests : CudaFixture
{
    /// <summary>All ascending paths from the root among up to nine nodes.</summary>
    [Test]
    public void Every_path_in_a_small_tree()
    {
        foreach (int[] path in Paths(9))
            Check(TestGpu.Sound.Any, planes: 2, headDim: 8, committed: 3, path);
    }

    [Test]
    public void Large_trees_of_several_shapes([Values(64, 128, 80)] int headDim, [Values] Schedule schedule)
    {
        using var _ = new Launching(Launching.Checked(schedule));
        for (int seed = 0; seed < 4; seed++)
        {
            var random = new Random(seed);
            int[] path = [0, .. Enumerable.Range(1, 99).Where(_ => random.Next(4) == 0)];
            Check(TestGpu.Sound.Any, planes: 12, headDim, committed: 37, path, twin: true);
        }
    }

    [Test]
    public void An_empty_verdict_moves_nothing()
    {
        Check(TestGpu.Sound.Any, planes: 8, headDim: 64, committed: 4, [], twin: true);
    }

    /// <summary>All paths, so that mutants meet them too.</summary>
    public static IEnumerable<int[]> Paths(int nodes)
    {
        for (int set = 0; set < 1 << (nodes - 1); set++)
            yield return [0, .. Enumerable.Range(1, nodes - 1).Where(node => (set >> (node - 1) & 1) != 0)];
    }

    public static void Check(CudaKernels kernels, int planes, int headDim, int committed, int[] path, bool twin = false)
    {
        using var problem = new CompactKvProblem(kernels, planes, headDim, committed, path, seed: path.Length);
        ProblemCheck.Kernel(problem);
        if (twin)
            ProblemCheck.Twin(problem);
    }

    [Test]
    public void Moves_no_byte_twice()
    {
        using var _ = new Launching(new LaunchOptions { Counters = true });
        // Rows 0 and 1 stay; 4, 5, 9, 17 come to 2, 3, 4, 5, so rows 2 to 5, 9 and 17 are touched: six.
        const int Planes = 16, HeadDim = 128;
        using var problem = new CompactKvProblem(TestGpu.Sound.Any, Planes, HeadDim, committed: 5, [0, 1, 4, 5, 9, 17], seed: 2);
        KernelProfile profile = ProblemCheck.Kernel(problem).Single().Profile!;
        long columns = Planes * HeadDim / 8, moved = 2L * 4 * 16 * columns, threads = columns;
        // A thread reads where the sequence and its pages are, the outcome's length, the committed rows, three entries of the path to find the first
        // that moves, the four that do, and the pages of the eight rows.
        Assert.That(profile.Total.GlobalBytes, Is.EqualTo(moved + (threads * sizeof(int) * (2 + 2 + 1 + 1 + 3 + 4 + 8))));
        Assert.That(profile.DistinctGlobalBytes, Is.EqualTo((6L * 16 * columns) + (sizeof(int) * (2 + 2 + 1 + 1 + 6 + 2))));
    }
}
