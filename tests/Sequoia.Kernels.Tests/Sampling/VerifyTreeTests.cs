namespace Sequoia.Kernels.Tests.Sampling;

/// <summary>verify_tree and its twin against TreeVerifier, bit for bit.</summary>
internal sealed class VerifyTreeTests : CudaFixture
{
    [Test]
    public void Equals_the_reference_on_random_cases()
    {
        using KernelUnderTest draw = DrawKernels.Kernel(256), kernel = VerifyKernels.Kernel(128);
        int walks = 0, accepted = 0;
        for (int seed = 0; seed < 250; seed++)
        {
            using VerifyProblem problem = VerifyCases.Random(seed);
            accepted += VerifyCheck.Run(problem, draw, walks: 8, (device, random) => device.Run(kernel, random));
            walks += 8;
        }
        TestContext.Out.WriteLine($"{walks} walks, {accepted} nodes");
    }
}
