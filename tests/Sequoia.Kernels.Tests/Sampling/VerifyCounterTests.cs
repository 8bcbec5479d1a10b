using Sequoia.Native;
using Sequoia.Native.Diagnostics.Kernels;
using Sequoia.Native.Sampling;
using Sequoia.SoftwareGpu;

namespace Sequoia.Kernels.Tests.Sampling;

/// <summary>The formulas of verify_tree.cu's header.</summary>
internal sealed class VerifyCounterTests : CudaFixture
{
    private const int Vocabulary = 8192;

    // What every thread asks for beside the rows, of each visited node: its place in the tree, children, tokens, scales: 12 words at most.
    private const long BesideOfNode = 12 * sizeof(int) * 1024;

    /// <summary>A chain whose draft is the target: each child is accepted, and the leaf draws.</summary>
    [TestCase(1f, 1f, 0, 8)]
    [TestCase(1f, 1f, 7, 20)]
    [TestCase(1f, 0.9f, 0, 24)]
    public void Accepted_children_cost_their_nodes_laws(float temperature, float topP, int topK, int bytesOfLaw)
    {
        const int Levels = 3;
        using KernelUnderTest draw = DrawKernels.Kernel(1024), verify = VerifyKernels.Kernel(1024);
        var draft = new DrawProblem(TokenTree.Chain(Levels - 1), Vocabulary, new SamplingOptions(temperature, topP, topK), new RandomKey(1, 2), shuffle: 1);
        using var problem = new VerifyProblem(draft) { Nodes = Levels };
        HardRows.Fill(problem.Target.Row(0), LogitKind.Usual, new Random(1));
        for (int node = 1; node < Levels; node++)
            problem.Target.Row(0).CopyTo(problem.Target.Row(node));
        for (int row = 0; row < draft.Rows; row++)
            problem.Target.Row(0).CopyTo(draft.Logits.Row(row));
        _ = draft.Draw();
        using var drawn = new DeviceDraw(draft);
        drawn.Run(draw);
        drawn.TokOfNode.CopyFrom(draft.State.Tokens);
        using var device = new DeviceVerify(problem, drawn);
        using var launching = new Launching(new LaunchOptions { Counters = true });
        KernelProfile profile = device.Run(verify, new RandomKey(3, 4)).Profile!;
        Assert.That(device.Verdict.Length, Is.EqualTo(Levels));
        TestContext.Out.WriteLine($"{(double)profile.Total.GlobalBytes / Vocabulary:F2} bytes a token asked for, {(double)profile.DistinctGlobalBytes / Vocabulary:F2} distinct");
        long laws = (long)Levels * bytesOfLaw * Vocabulary, final = 8L * Vocabulary;
        Assert.That(profile.Total.GlobalBytes, Is.InRange(laws + final, laws + final + (Levels * BesideOfNode)));
        long rows = (long)Levels * Vocabulary * sizeof(float);
        Assert.That(profile.DistinctGlobalBytes, Is.InRange(rows, rows * 1.02));
    }
}
