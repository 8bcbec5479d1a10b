using Sequoia.Interop;

namespace Sequoia.Kernels.Tests;

/// <summary>What ptxas reports for every kernel and architecture: no spills, and registers within the budget.</summary>
internal sealed class ResourceTests : CudaFixture
{
    /// <summary>1024 threads of 64 registers are a multiprocessor's 65,536; compaction is to run eight blocks of 256 on one.</summary>
    private static readonly (string Kernel, int MostRegisters)[] Budgets =
        [("draw_children", 64), ("verify_tree", 64), ("compact_kv", 64)];

    [Test]
    public void No_spills_and_within_the_budget(
        [Values("draw_children", "verify_tree", "compact_kv")] string kernel, [Values(75, 80, 86, 89, 90)] int architecture)
    {
        CompiledKernels compiled = KernelSource.Compile(kernel, $"sm_{architecture}", new Dictionary<string, string?>());
        KernelResources resources = compiled.Resources.Single();
        TestContext.Out.WriteLine(resources);
        Assert.Multiple(() =>
        {
            Assert.That((resources.SpillStoreBytes, resources.SpillLoadBytes, resources.StackBytes), Is.EqualTo((0, 0, 0)));
            Assert.That(resources.Registers, Is.LessThanOrEqualTo(Budgets.Single(budget => budget.Kernel == kernel).MostRegisters));
            // Static and dynamic shared memory together fit what every device gives without being asked, for vocabularies of up to 131,072.
            Assert.That(resources.SharedBytes, Is.LessThanOrEqualTo(1024));
        });
    }
}
