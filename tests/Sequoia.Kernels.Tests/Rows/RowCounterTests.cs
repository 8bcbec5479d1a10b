using Sequoia.Interop;
using Sequoia.Native;
using Sequoia.Native.Diagnostics.Kernels;
using Sequoia.Native.Execution.Cuda;
using Sequoia.SoftwareGpu;

namespace Sequoia.Kernels.Tests.Rows;

/// <summary>The formulas of embed.cu's and rms_norm.cu's headers, and what ptxas makes of both.</summary>
internal sealed class RowCounterTests : CudaFixture
{
    private const int Rows = 24;
    private const int Columns = 1024;

    [Test]
    public void Embed_asks_for_what_it_states([Values] Element element)
    {
        using var kernels = new CudaKernels(KernelUnderTest.Gpu, KernelSource.Compiler, KernelSet.Default, element);
        // One token: the table's row is an operand once.
        using var problem = new EmbedProblem(kernels, Rows, Columns, vocabulary: 1, seed: 3);
        KernelProfile profile = Profile(problem);
        const int ChunksOfRow = Columns / 8;
        Assert.That(profile.Total.GlobalBytes, Is.EqualTo((Rows * Columns * (2 + 4)) + (Rows * ChunksOfRow * 8)));
        int operands = (Columns * 2) + (Rows * Columns * 4);
        Assert.That(profile.DistinctGlobalBytes, Is.InRange(operands, operands * 1.02));
    }

    [Test]
    public void Rms_norm_asks_for_what_it_states([Values] Element element)
    {
        using var kernels = new CudaKernels(KernelUnderTest.Gpu, KernelSource.Compiler, KernelSet.Default, element);
        using var problem = new RmsNormProblem(kernels, Rows, Columns, seed: 3);
        KernelProfile profile = Profile(problem);
        Assert.That(profile.Total.GlobalBytes, Is.EqualTo(Rows * Columns * (8 + 4 + 2)));
        Assert.That(profile.DistinctGlobalBytes, Is.EqualTo(problem.Bytes));
        Assert.That(profile.Total.SharedWavefronts, Is.EqualTo(profile.Total.SharedIdealWavefronts));
    }

    /// <summary>Eight blocks of 256 threads fill a multiprocessor's 65,536 registers with 32 each; these kernels wait for memory, and six are enough.</summary>
    [Test]
    public void No_spills_and_within_the_budget([Values("embed", "rms_norm", "rms_norm_scalar", "advance_step")] string kernel, [Values(75, 80, 86, 89, 90)] int architecture)
    {
        foreach (string element in (string[])["F16", "BF16"])
        {
            CompiledKernels compiled = KernelSource.Compiler.Compile(KernelSource.Text($"{kernel}.cu"), KernelSource.Options($"sm_{architecture}", KernelSource.Headers()) with
            {
                FileName = $"{kernel}.cu",
                Defines = new Dictionary<string, string?> { ["ELEMENT"] = element },
            });
            KernelResources resources = compiled.Resources.Single();
            Assert.That((resources.SpillStoreBytes, resources.SpillLoadBytes, resources.StackBytes), Is.EqualTo((0, 0, 0)));
            Assert.That(resources.Registers, Is.LessThanOrEqualTo(42));
        }
    }

    private static KernelProfile Profile(KernelProblem problem)
    {
        using var _ = new Launching(new LaunchOptions { Counters = true });
        return SoftwareDriver.Observe(() => problem.Launch(null)).Profile!;
    }
}
