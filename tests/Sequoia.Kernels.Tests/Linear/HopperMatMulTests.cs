using Sequoia.Interop;
using Sequoia.Native;
using Sequoia.Native.Backends.Cuda;
using Sequoia.Native.Backends.Cuda.Checks;
using Sequoia.SoftwareGpu;

namespace Sequoia.Kernels.Tests.Linear;

/// <summary>matmul_sm90.cu beside matmul.cu: where it is chosen, and that it computes the same.</summary>
internal sealed class HopperMatMulTests : CudaFixture
{
    /// <summary>The tensor cores of the software GPU sum alike by both instructions; everything else of a result is the kernels' own.</summary>
    [Test]
    public void Bits_are_those_of_matmul([Values] Numerics numerics)
    {
        using var _ = new Launching(new LaunchOptions { Numerics = numerics, Threads = 2 });
        for (int seed = 0; seed < (numerics == Numerics.Fast ? 160 : 12); seed++)
        {
            var inputs = MatMulInputs.Random(MatMulCase.Random(seed));
            using MatMulProblem one = TestGpu.Of(MatMulSource.Hopper).MatMul(inputs), other = TestGpu.Of(MatMulSource.Hopper).MatMul(inputs, source: MatMulSource.TensorCores);
            one.Launch();
            other.Launch();
            Assert.That(one.Outputs(), Is.EqualTo(other.Outputs()), one.Shape);
        }
    }

    [TestCase("7.5", "12.4", MatMulSource.Scalar)]
    [TestCase("8.0", "12.4", MatMulSource.TensorCores)]
    [TestCase("8.9", "12.4", MatMulSource.TensorCores)]
    [TestCase("9.0", "12.0", MatMulSource.Hopper)]
    [TestCase("9.0", "11.8", MatMulSource.TensorCores)]
    [TestCase("10.0", "13.0", MatMulSource.TensorCores)]
    public void Is_for_one_compute_capability_and_a_compiler_that_knows_it(string computeCapability, string compiler, object expected) =>
        Assert.That(MatMulKernels.SourceFor(Version.Parse(computeCapability), Version.Parse(compiler), isReplaced: false), Is.EqualTo(expected));

    [Test]
    public void Gives_way_to_a_user_s_matmul() =>
        Assert.That(MatMulKernels.SourceFor(new Version(9, 0), new Version(12, 4), isReplaced: true), Is.EqualTo(MatMulSource.TensorCores));

    /// <summary>If the sums of a product under way are touched, ptxas waits for each product before the next one, and says so.</summary>
    [Test]
    public void Products_overlap([Values(8, 16, 32, 64, 128)] int tokens)
    {
        CompileOptions options = CudaKernels.Options("matmul_sm90", KernelSet.Headers, CudaKernels.Defines(Element.BF16, ("TOKENS", tokens))) with { Architecture = "sm_90a" };
        Assert.That(TestGpu.Compiler.Compile(KernelSet.Default["matmul_sm90"], options).Log, Does.Not.Contain("serialized"));
    }
}
