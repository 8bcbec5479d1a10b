using Sequoia.Interop;
using Sequoia.Native.Backends.Cuda;
using Sequoia.Native.Backends.Cuda.Checks;

namespace Sequoia.Kernels.Tests;

/// <summary>What ptxas reports for every kernel, configuration, type and architecture: no spills, and registers within the budget.</summary>
internal sealed class ResourceTests : CudaFixture
{
    private const int RegistersOfMultiprocessor = 65536;

    // Of which a thread's registers are a multiple.
    private const int RegisterPortion = 8;
    private const int StaticLimit = 48 * 1024;

    // Reductions, and the copy of a sequence.
    private const int LogitsLimit = 1152;

    // Twins whose rows lie in local memory; they are for looking things up, not for speed.
    private static readonly string[] Unbounded = ["draw_children_scalar", "verify_tree_scalar", "compact_kv_scalar"];

    private static readonly int[] Architectures = [75, 80, 86, 89, 90];

    private static IEnumerable<TestCaseData> Builds =>
        from build in EngineKernels.Builds
        where !Unbounded.Contains(build.Source)
        from architecture in Architectures
        where build.Target.RunsOn(new Version(architecture / 10, architecture % 10))
        select new TestCaseData(build, architecture).SetArgDisplayNames(build.Source, build.Configuration, $"sm_{architecture}");

    [TestCaseSource(nameof(Builds))]
    public void No_spills_and_within_the_budget(KernelBuild build, int architecture)
    {
        IReadOnlyList<KernelResources> all = build.Resources(TestGpu.Compiler, $"sm_{architecture}");
        Assert.That(all, Is.Not.Empty);
        Assert.Multiple(() =>
        {
            foreach (KernelResources resources in all)
            {
                TestContext.Out.WriteLine(resources);
                Assert.That((resources.SpillStoreBytes, resources.SpillLoadBytes, resources.StackBytes), Is.EqualTo((0, 0, 0)), $"{resources}");
                Assert.That(resources.Registers, Is.LessThanOrEqualTo(MostRegisters(build, resources.Kernel)), $"{resources}");
                // Of kernels that read logits, static and dynamic shared memory together fit what every device gives without being asked.
                Assert.That(resources.SharedBytes, Is.LessThanOrEqualTo(build.Source is "draw_children" or "verify_tree" or "compact_kv" ? LogitsLimit : StaticLimit), $"{resources}");
            }
        });
    }

    private static int MostRegisters(KernelBuild build, string kernel) => build.Source switch
    {
        // Blocks of 256 threads that registers let reside on a multiprocessor: as many as an H100's shared memory holds (228 KB; 69 to 97 KB each),
        // and of 128 tokens one.
        "matmul" => Math.Min(255, RegistersOfMultiprocessor / 256 / (Macro(build, "TOKENS") switch { 128 => 1, 64 => 2, _ => 3 })),
        // Blocks of 288 threads: two in the same way, and of 128 tokens one.
        "matmul_sm90" => RegistersOfMultiprocessor / 288 / (Macro(build, "TOKENS") == 128 ? 1 : 2) / RegisterPortion * RegisterPortion,
        // Blocks of 128 threads: two with 128 dimensions, whose 64 KB of keys let no more reside on an A100 (164 KB); else three.
        "attend" => RegistersOfMultiprocessor / 128 / (Macro(build, "HEAD_DIM") == 128 ? 2 : 3),
        // Eight blocks of 256 threads fill a multiprocessor with 32 each; these kernels wait for memory, and six are enough.
        "embed" or "advance_step" => 42,
        // Three blocks of 256 threads on a multiprocessor: of 16 rows all at once on one of 132.
        "draw_children" when kernel == "draw_children" => RegistersOfMultiprocessor / 256 / 3,
        // 1024 threads of 64 registers are all of a multiprocessor's.
        _ => 64,
    };

    private static int Macro(KernelBuild build, string name) => build.Kernels[0].Macros.Single(macro => macro.Name == name).Value;
}
