using Sequoia.Interop;
using Sequoia.Interop.Tests;
using Sequoia.Native;
using Sequoia.Native.Diagnostics.Kernels;
using Sequoia.SoftwareGpu;

namespace Sequoia.Kernels.Tests.Diagnostics;

/// <summary>Problems let the engine's kernels and their twins pass, and find bugs that were put in by hand.</summary>
internal sealed class KernelProblemTests : CudaFixture
{
    // More than any of the mutants survives.
    private const int Seeds = 40;

    private static readonly Lazy<CudaCompiler> Nvrtc = new(() => NeededLibraries.Compiler(KernelCache.Default));

    private static readonly (string Kernel, Mutation Mutation)[] Mutants =
    [
        ("embed", new("Token_of_the_row", "embed.cu", "p.tok_of_node[p.nodes[row]]", "p.tok_of_node[row]")),
        ("embed", new("Writes_whole_chunks", "embed.cu", "if (first + CHUNK > p.columns)", "if (first > p.columns)")),
        ("rms_norm", new("Sum_misses_the_last_columns", "rms_norm.cu", "                squares = fmaf(x[c], x[c], squares);", "                ;")),
        ("rms_norm", new("No_epsilon", "rms_norm.cuh", "squares / (float)p.columns + p.epsilon", "squares / (float)p.columns")),
        ("rms_norm", new("Weights_are_left_out", "rms_norm_scalar.cu", "x[c] * scale * p.weight[c]", "x[c] * scale")),
        ("draw_children", new("Noise_of_the_next_node", "draw_children.cu", "(u32)node, p.state->step", "(u32)node + 1, p.state->step")),
        ("draw_children", new("Twin_keeps_too_few", "draw_children_scalar.cu", "at > 0 && best_key[at - 1] < key", "at > 0 && best_key[at - 1] <= key")),
        ("verify_tree", new("Level_is_not_added_up", "residual.cuh", "level += residual_mass / draft_mass;", "level = residual_mass / draft_mass;")),
        ("verify_tree", new("Walks_beyond_the_computed_nodes", "verify_tree.cu", "step.child >= p.nodes", "step.child > p.nodes")),
        ("verify_tree", new("Twin_forgets_the_leaf", "verify_tree_scalar.cu", "conclude(verdict, p.path, p.tok_of_node, p.tree, p.toks);", "conclude(verdict, p.path, p.tok_of_node, p.tree, p.toks), verdict.kept = verdict.length;")),
        ("compact_kv", new("Last_row_stays", "compact_kv.cu", "length = *p.length", "length = *p.length - 1")),
        ("compact_kv", new("One_row_too_many", "compact_kv.cu", "rows[(size_t)(begin + i) * p.chunks] = moving[i];", "rows[(size_t)(begin + i + 1) * p.chunks] = moving[i];")),
        ("compact_kv", new("Twin_without_the_prefix", "compact_kv_scalar.cu", "p.state->committed + p.path[slot]", "p.path[slot]")),
        ("advance_step", new("Step_stays", "advance_step.cu", "p.state->step++;", "")),
        ("advance_step", new("Leaf_is_lost", "advance_step.cu", "verdict.kept < verdict.length", "false")),
        ("advance_step", new("Goes_on_after_damage", "advance_step.cu", "if (verdict.length == 0)", "if (verdict.length < 0)")),
    ];

    private static IEnumerable<TestCaseData> MutantCases => Mutants.Select(mutant => new TestCaseData(mutant.Kernel, mutant.Mutation).SetArgDisplayNames(mutant.Kernel, mutant.Mutation.Name));

    [Test]
    public void Sound_kernels_and_twins_pass([ValueSource(typeof(KernelProblems), nameof(KernelProblems.Names))] string kernel)
    {
        using var _ = new Launching(Launching.Checked(Schedule.Random));
        Assert.That(FirstFault(kernel, KernelSet.Default, seeds: 8), Is.Null);
    }

    [TestCaseSource(nameof(MutantCases))]
    public void A_mutant_is_found(string kernel, Mutation mutation)
    {
        string? fault = FirstFault(kernel, Mutated(mutation), Seeds);
        TestContext.Out.WriteLine(fault);
        Assert.That(fault, Is.Not.Null);
    }

    [Test]
    public void Every_kernel_of_the_engine_has_problems_and_is_listed()
    {
        Assert.That(KernelProblems.Names, Is.SupersetOf(KernelSet.Names));
        Assert.That(EngineKernels.Sources, Is.SupersetOf(KernelProblems.Names));
        string[] files = [.. Directory.GetFiles(Path.Combine(Repository.Root, "kernels"), "*.cu").Select(file => Path.GetFileNameWithoutExtension(file)!)];
        Assert.That(EngineKernels.Sources, Is.EquivalentTo(files));
    }

    /// <summary>What the first problem that is not solved says; null if all are.</summary>
    private static string? FirstFault(string kernel, KernelSet set, int seeds)
    {
        using CudaContext gpu = SoftwareDriver.Open();
        using var problems = new KernelProblems(gpu, Nvrtc.Value, set);
        for (int seed = 0; seed < seeds; seed++)
        {
            using KernelProblem problem = problems.Random(kernel, seed);
            if ((Fault(problem, problem.Launch) ?? (problem.HasTwin ? Fault(problem, problem.LaunchTwin) : null)) is { } fault)
                return fault;
        }
        return null;
    }

    private static string? Fault(KernelProblem problem, Action launch)
    {
        var findings = new List<Finding>();
        void Keep(LaunchReport report) => findings.AddRange(report.Findings);
        SoftwareDriver.Launched += Keep;
        try
        {
            problem.Reset();
            launch();
            Deviation deviation = problem.Compare();
            return findings.Count > 0 ? $"{problem.Shape}: {findings[0]}" : deviation.IsWithinRounding ? null : $"{problem.Shape}: {deviation.Where}";
        }
        catch (CudaException e)
        {
            return $"{problem.Shape}: {e.Message}";
        }
        finally
        {
            SoftwareDriver.Launched -= Keep;
        }
    }

    private static KernelSet Mutated(Mutation mutation)
    {
        if (mutation.File.EndsWith(".cuh", StringComparison.Ordinal))
            return KernelSet.Default.ReplaceHeader(mutation.File, mutation.Apply(mutation.File, KernelSet.Headers[mutation.File]));
        string name = Path.GetFileNameWithoutExtension(mutation.File);
        return KernelSet.Default.ReplaceAny(name, mutation.Apply(mutation.File, KernelSet.Default.Source(name)));
    }
}
