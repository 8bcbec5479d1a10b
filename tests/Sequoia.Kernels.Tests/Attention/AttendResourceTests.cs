using Sequoia.Interop;
using Sequoia.Native;
using Sequoia.Native.Execution.Cuda;

namespace Sequoia.Kernels.Tests.Attention;

/// <summary>What ptxas reports for every configuration and architecture: no spills, and registers within the budget.</summary>
internal sealed class AttendResourceTests : CudaFixture
{
    /// <summary>A multiprocessor's 65,536 registers are those of four blocks of 128 threads with 128 registers, or of three with 168.</summary>
    private static readonly Dictionary<(int HeadDim, int RowTile), int> SealedBudgets = new()
    {
        [(32, 16)] = 96,
        [(64, 16)] = 96,
        [(128, 16)] = 128,
        [(32, 64)] = 96,
        [(64, 64)] = 128,
        [(128, 64)] = 168,
    };

    private const int TailBudget = 64;

    [Test]
    public void Tensor_kernels_have_no_spills_and_stay_within_the_budget(
        [Values(32, 64, 128)] int headDim, [Values(16, 64)] int rowTile, [Values] Element element, [Values(80, 86, 89, 90)] int architecture)
    {
        IReadOnlyList<KernelResources> resources = Compile(
            "attend", architecture, new() { ["ELEMENT"] = $"{element}", ["HEAD_DIM"] = $"{headDim}", ["ROW_TILE"] = $"{rowTile}" });
        Check(resources.Single(kernel => kernel.Kernel == "attend"), TailBudget);
        Check(resources.Single(kernel => kernel.Kernel == "attend_sealed"), SealedBudgets[(headDim, rowTile)]);
    }

    [Test]
    public void Twin_has_no_spills_and_stays_within_the_budget([Values] Element element, [Values(75, 80, 86, 89, 90)] int architecture) =>
        Check(Compile("attend_scalar", architecture, new() { ["ELEMENT"] = $"{element}" }).Single(), TailBudget);

    private static IReadOnlyList<KernelResources> Compile(string source, int architecture, Dictionary<string, string?> defines) =>
        AttendKernelSets.Compiler.Compile(
            KernelSet.Default[source], CudaKernels.Options(source, KernelSet.Headers, defines) with { Architecture = $"sm_{architecture}" }).Resources;

    private static void Check(KernelResources resources, int mostRegisters)
    {
        TestContext.Out.WriteLine(resources);
        Assert.Multiple(() =>
        {
            Assert.That((resources.SpillStoreBytes, resources.SpillLoadBytes, resources.StackBytes), Is.EqualTo((0, 0, 0)));
            Assert.That(resources.Registers, Is.LessThanOrEqualTo(mostRegisters));
        });
    }
}
