using Sequoia.Native;
using Sequoia.Native.Backends.Cuda;
using Sequoia.Native.Backends.Cuda.Checks;

namespace Sequoia.Kernels.Tests.Attention;

/// <summary>What the launcher chooses and asks for.</summary>
internal sealed class AttendLaunchTests : CudaFixture
{
    [TestCase(64, 8, "8.0", ExpectedResult = true)]
    [TestCase(128, 16, "9.0", ExpectedResult = true)]
    [TestCase(32, 1, "7.5", ExpectedResult = false)]
    [TestCase(96, 1, "9.0", ExpectedResult = false)]
    [TestCase(64, 17, "9.0", ExpectedResult = false)]
    public bool Tensor_cores_take(int headDim, int group, string computeCapability) =>
        AttendKernels.HasTensorCores(headDim, group, Version.Parse(computeCapability));

    // A split of the prefix for each 256 positions, and two tiles of the tree.
    [TestCase(256, ExpectedResult = 3 * 2 * 4 * 34)]
    [TestCase(257, ExpectedResult = 4 * 2 * 4 * 34)]
    public long Workspace_is_for_the_capacity(int capacity) => AttendKernels.WorkspaceFloats(rows: 2, heads: 4, capacity, headDim: 32);

    [TestCase(1)]
    [TestCase(70)]
    public void A_pass_takes_one_launch(int rows)
    {
        using var problem = new AttendProblem(TestGpu.Sound.Of(Element.F16), Star(rows, capacity: 257));
        Assert.That(ProblemCheck.Observe(problem.Launch), Has.Count.EqualTo(1));
    }

    private static AttendShape Star(int rows, int capacity) => new()
    {
        Element = Element.F16,
        HeadDim = 32,
        KvHeads = 1,
        Group = 1,
        Prefix = 9,
        Positions = capacity,
        Tree = rows == 1 ? TokenTree.Root : TokenTree.Chains(rows - 1, 1),
        Nodes = [.. Enumerable.Range(0, rows)],
        Tokens = [.. Enumerable.Range(9, rows)],
    };

    /// <summary>What fits in 64 M floats, 64 rows at least.</summary>
    [TestCase(512, 32, 3584, 128, ExpectedResult = 512)]
    [TestCase(1024, 32, 8192, 128, ExpectedResult = 474)]
    [TestCase(1024, 32, 131072, 128, ExpectedResult = 64)]
    [TestCase(3, 32, 131072, 128, ExpectedResult = 3)]
    public int Rows_of_a_launch_keep_its_workspace_within_bounds(int rows, int heads, int capacity, int headDim) =>
        AttendKernels.RowsOfLaunch(rows, heads, capacity, headDim);

    /// <summary>Launches depend on a pass's rows and its longest sequence, neither of which is known when the workspace is made.</summary>
    [Test]
    public void The_workspace_is_enough_for_every_pass(
        [Values(32, 64)] int heads, [Values(64, 128)] int headDim, [Values(1, 63, 64, 65, 200, 512, 1024)] int rows, [Values(4096, 8192, 16384)] int positions)
    {
        long room = AttendKernels.WorkspaceForAll(rows, heads, positions, headDim);
        for (int longest = 1; longest <= positions; longest += 61)
        {
            for (int some = 1; some <= rows; some += some < 70 ? 1 : 31)
            {
                long written = AttendKernels.WorkspaceFloats(AttendKernels.RowsOfLaunch(some, heads, longest, headDim), heads, longest, headDim);
                Assert.That(written, Is.LessThanOrEqualTo(room), $"{some} rows, {longest} positions");
            }
        }
    }
}
