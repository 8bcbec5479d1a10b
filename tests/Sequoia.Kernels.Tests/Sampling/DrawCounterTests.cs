using Sequoia.Native;
using Sequoia.Native.Diagnostics.Kernels;
using Sequoia.Native.Sampling;
using Sequoia.SoftwareGpu;

namespace Sequoia.Kernels.Tests.Sampling;

/// <summary>The formulas of draw_children.cu's header.</summary>
internal sealed class DrawCounterTests : CudaFixture
{
    [TestCase(0f, 1f, 0, 3)]
    [TestCase(1f, 1f, 0, 4)]
    [TestCase(1f, 1f, 7, 7)]
    [TestCase(1f, 0.9f, 0, 8)]
    public void Bytes_are_as_stated(float temperature, float topP, int topK, int passes)
    {
        const int Vocabulary = 8192, Children = 4;
        using KernelUnderTest kernel = DrawKernels.Kernel(1024);
        using var problem = new DrawProblem(TokenTree.Chains(Children, 1), Vocabulary, new SamplingOptions(temperature, topP, topK), new RandomKey(1, 2), shuffle: 1);
        HardRows.Fill(problem.Logits.Row(0), LogitKind.Usual, new Random(1));
        using var device = new DeviceDraw(problem);
        using var _ = new Launching(new LaunchOptions { Counters = true });
        KernelProfile profile = device.Run(kernel).Profile!;
        TestContext.Out.WriteLine(profile.ToTable());
        long row = sizeof(float) * Vocabulary, written = (sizeof(int) * Children) + (temperature == 0 ? 0 : 6 * sizeof(float));
        // Beside the row: the row's node, its three numbers in the tree, the step. They are not the 0.2 % that this leaves.
        Assert.That(profile.DistinctGlobalBytes, Is.InRange(row + written, (row + written) * 1.002));
        // Counting the tokens with mass ends early; the row's node and shape are asked for by all 1024 threads, at most five words each.
        Assert.That(profile.Total.GlobalBytes, Is.InRange(passes * row, ((passes + 1) * row) + (5 * sizeof(int) * 1024)));
    }
}
