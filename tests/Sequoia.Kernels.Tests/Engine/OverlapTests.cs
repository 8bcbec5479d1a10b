using Sequoia.Kernels.Tests.Forward;
using Sequoia.Native;
using Sequoia.Native.Backends;
using Sequoia.SoftwareGpu;

namespace Sequoia.Kernels.Tests.Engine;

/// <summary>On compute capability 9.0, kernels of a pass are launched before the kernels before them end, and touch nothing of theirs too early.</summary>
[NonParallelizable]
internal sealed class OverlapTests : CudaFixture
{
    private static readonly RandomModel.Shape Shape = new(Vocabulary: 67, Context: 256, Layers: 2, Heads: 4, KvHeads: 2, HeadDim: 32, Type: "F16");

    private static readonly Mutation[] Mutants =
    [
        WaitsOnlyIf("Nobody_waits", "false"),
        WaitsOnlyIf("Some_lanes_wait", "threadIdx.x % 2 == 0"),
        // A changed source would be launched as a user's, which never overlaps; so kernels are told apart by their macros.
        WaitsOnlyIf("Embed_does_not_wait", "IS_PRODUCT || HAS_HEADS"),
        WaitsOnlyIf("Attention_does_not_wait", "!HAS_HEADS"),
        WaitsOnlyIf("Products_copy_rows_early", "!IS_PRODUCT || threadIdx.x < 256"),
        WaitsOnlyIf("Products_read_squares_early", "!IS_PRODUCT || threadIdx.x == 256"),
    ];

    private static IEnumerable<TestCaseData> MutantCases => Mutants.Select(mutant => new TestCaseData(mutant).SetArgDisplayNames(mutant.Name));

    [Test]
    public void Kernels_of_a_pass_overlap_and_wait([Values] Schedule schedule)
    {
        (List<Finding> findings, List<KernelProfile> launches) = RunPasses(KernelSet.Default, schedule);
        Assert.That(findings, Is.Empty);
        // Three passes of an embedding and two layers of five kernels, the last with logits.
        Assert.That(launches, Has.Count.EqualTo((3 * (1 + (2 * 5))) + 1));
        Assert.That(launches.Where(launch => !launch.IsDependent), Is.Empty);
    }

    [TestCaseSource(nameof(MutantCases))]
    public void What_comes_too_early_is_found(Mutation mutation)
    {
        (List<Finding> findings, _) = RunPasses(mutation.Set, Schedule.InOrder);
        Assert.That(findings.Select(finding => finding.Kind), Has.Some.EqualTo(FindingKind.EarlyAccess));
        TestContext.Out.WriteLine(findings[0]);
    }

    private static Mutation WaitsOnlyIf(string name, string condition)
    {
        const string Wait = "    asm volatile(\"griddepcontrol.wait;\" ::: \"memory\");";
        const string Macros = "\n#ifdef TOKENS\n#define IS_PRODUCT true\n#else\n#define IS_PRODUCT false\n#endif\n#ifdef HEAD_DIM\n#define HAS_HEADS true\n#else\n#define HAS_HEADS false\n#endif\n";
        return new(name, "earlier_kernels.cuh", Wait, $"{Macros}    if ({condition})\n    {Wait}");
    }

    /// <summary>A prompt, then a tree.</summary>
    private static (List<Finding> Findings, List<KernelProfile> Launches) RunPasses(KernelSet kernels, Schedule schedule)
    {
        using var folder = new TemporaryFolder();
        RandomModel.Write(folder.Path, Shape);
        Version usual = SoftwareDriver.ComputeCapability;
        SoftwareDriver.ComputeCapability = new Version(9, 0);
        var findings = new List<Finding>();
        var launches = new List<KernelProfile>();
        void Keep(LaunchReport report)
        {
            findings.AddRange(report.Findings);
            launches.Add(report.Profile!);
        }
        try
        {
            using var model = new DeviceModel(folder.Path, kernels: kernels);
            TokenTree tree = TestTrees.Random(1, 12);
            using var passes = new ForwardPasses(model.Llama, 70, 1);
            Sequence sequence = passes.Begin(tree);
            SoftwareDriver.Options = new LaunchOptions { Checks = true, Counters = true, Schedule = schedule, Seed = 1 };
            SoftwareDriver.Launched += Keep;
            passes.Prefill(sequence, [.. Enumerable.Range(0, 70).Select(i => i * 31 % Shape.Vocabulary)]);
            passes.Place(sequence, [], [], new Random(1));
            passes.RunTrees([sequence]);
            model.Llama.Backend.Wait(passes.Queue);
        }
        finally
        {
            SoftwareDriver.Launched -= Keep;
            SoftwareDriver.Options = new LaunchOptions();
            SoftwareDriver.ComputeCapability = usual;
        }
        return (findings, launches);
    }
}
