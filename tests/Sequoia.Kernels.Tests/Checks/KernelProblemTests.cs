using Sequoia.Interop;
using Sequoia.Native;
using Sequoia.Native.Backends.Cuda.Checks;
using Sequoia.SoftwareGpu;

namespace Sequoia.Kernels.Tests.Checks;

/// <summary>Problems let the engine's kernels and their twins pass, and find bugs that were put in by hand.</summary>
internal sealed class KernelProblemTests : CudaFixture
{
    // More than any of the mutants survives.
    private const int Seeds = 40;

    private static readonly (string Kernel, Mutation Mutation)[] Mutants =
    [
        ("embed", new("Token_of_the_row", "embed.cu", "sequence.tokens[node]", "sequence.tokens[row]")),
        ("embed", new("Position_of_the_node", "embed.cu", "committed + depth_of(sequence, node)", "committed + node")),
        ("embed", new("Pages_in_the_order_of_the_cache", "sequence.cuh", "pages[row / PAGE] * PAGE", "row / PAGE * PAGE")),
        ("embed", new("Writes_whole_chunks", "embed.cu", "if (first + CHUNK <= p.columns)", "if (first <= p.columns)")),
        ("embed", new("Sum_misses_the_last_columns", "embed.cu", "of[i] = first + i < p.columns ?", "of[i] = first + CHUNK <= p.columns ?")),
        ("matmul", new("No_epsilon", "norm.cuh", "/ (float)columns + epsilon", "/ (float)columns")),
        ("matmul", new("Weights_are_left_out", "epilogue.cuh", "x * weight * scale", "x * scale")),
        ("matmul", new("Last_columns_are_lost", "matmul.cu", "i32 all = column_blocks(p.columns)", "i32 all = p.columns / BLOCK_COLUMNS")),
        ("matmul", new("Twin_takes_the_first_row", "matmul_scalar.cu", "operand_at(row, k, p.x_rows)", "operand_at(0, k, p.x_rows)")),
        ("matmul_sm90", new("Last_columns_are_lost", "matmul_sm90.cu", "return column_blocks(p.columns) * split", "return p.columns / BLOCK_COLUMNS * split")),
        ("matmul_scalar", new("Last_column_is_lost", "matmul_scalar.cu", "k < p.columns", "k < p.columns - 1")),
        ("attend", new("Tree_without_the_row_itself", "attend.cu", "(i32)of_row.position + 1 - first_key),", "max(1, (i32)of_row.position - first_key)),")),
        ("attend", new("Splits_of_the_first_keys", "attend.cu", "cache_row(pages, first_key + first_tile", "cache_row(pages, first_tile")),
        ("attend_scalar", new("Forgets_to_shrink", "attend_scalar.cu", "float sum = sums[part] * shrink;", "float sum = sums[part];")),
        ("draw_children", new("Noise_of_the_next_node", "draw_children.cu", "(u32)node, sequence.step", "(u32)node + 1, sequence.step")),
        ("draw_children", new("Keys_of_one_block", "draw_children.cu", "KeysOfParts{of_parts, parts * wanted}", "KeysOfParts{of_parts, wanted}")),
        ("draw_children", new("Twin_keeps_too_few", "draw_children_scalar.cu", "at > 0 && best_key[at - 1] < key", "at > 0 && best_key[at - 1] <= key")),
        ("verify_tree", new("Level_is_not_added_up", "residual.cuh", "level += residual_mass / draft_mass;", "level = residual_mass / draft_mass;")),
        ("verify_tree", new("Walks_beyond_the_computed_nodes", "verify_tree.cu", "step.child >= part.rows", "step.child > part.rows")),
        ("verify_tree", new("Twin_forgets_the_leaf", "verify_tree_scalar.cu", "conclude(p.outcomes, part, sequence);", "conclude(p.outcomes, part, sequence), p.outcomes.of(part).kept = outcome.length;")),
        ("compact_kv", new("Last_row_stays", "compact_kv.cu", "length = p.rows_of(part)", "length = p.rows_of(part) - 1")),
        ("compact_kv", new("One_row_too_many", "compact_kv.cu", "committed + begin + i) * p.chunks)] = moving[i];", "committed + begin + i + 1) * p.chunks)] = moving[i];")),
        ("compact_kv", new("Twin_without_the_prefix", "compact_kv_scalar.cu", "sequence.committed + path[i]", "path[i]")),
        ("advance_step", new("Step_stays", "advance_step.cu", "sequence.step++;", "")),
        ("advance_step", new("Leaf_is_lost", "advance_step.cu", "path(part)[outcome.length - 1]", "path(part)[0]")),
        ("advance_step", new("Goes_on_after_damage", "advance_step.cu", "if (outcome.length == 0)", "if (outcome.length < 0)")),
    ];

    private static IEnumerable<TestCaseData> ReplacementCases => Mutants.Where(mutant => mutant.Mutation.File == $"{mutant.Kernel}.cu").Select(mutant => new TestCaseData(mutant.Kernel, mutant.Mutation).SetArgDisplayNames(mutant.Kernel, mutant.Mutation.Name));

    private static IEnumerable<TestCaseData> MutantCases => Mutants.Select(mutant => new TestCaseData(mutant.Kernel, mutant.Mutation).SetArgDisplayNames(mutant.Kernel, mutant.Mutation.Name));

    [Test]
    public void Sound_kernels_and_twins_pass([ValueSource(typeof(KernelProblems), nameof(KernelProblems.Names))] string kernel)
    {
        using var _ = new Launching(Launching.Checked(Schedule.Random));
        Assert.That(FirstFault(kernel, null, seeds: 8), Is.Null);
    }

    [Test]
    public void Kernels_can_be_timed_many_launches_in_a_graph([ValueSource(typeof(KernelProblems), nameof(KernelProblems.Names))] string kernel)
    {
        const int Launches = 3;
        CudaContext context = TestGpu.ContextFor(TestGpu.ProductsFor(kernel));
        using var problems = new KernelProblems(context, TestGpu.Compiler);
        using KernelProblem problem = problems.Random(kernel, seed: 1);
        BenchmarkTimes times = context.Benchmark(problem.Launch, new() { Launches = Launches, Repeats = 1, WarmUps = 0, FlushL2 = false });
        // By the software driver's cost model: 2 us each, and 2 for the graph.
        Assert.That(times.MedianSeconds, Is.GreaterThan(2e-6 * (Launches + 1) / Launches));
    }

    [TestCaseSource(nameof(MutantCases))]
    public void A_mutant_is_found(string kernel, Mutation mutation) => Assert.That(FirstFault(kernel, mutation, Seeds), Is.Not.Null);

    [Test]
    public void Every_kernel_of_the_engine_has_problems_and_is_listed()
    {
        Assert.That(KernelProblems.Names, Is.SupersetOf(KernelSet.Names));
        Assert.That(EngineKernels.Sources, Is.SupersetOf(KernelProblems.Names));
        string[] files = [.. Directory.GetFiles(Path.Combine(Repository.Root, "kernels"), "*.cu", SearchOption.AllDirectories).Where(file => !file.Contains("micro", StringComparison.Ordinal)).Select(file => Path.GetFileNameWithoutExtension(file)!)];
        Assert.That(EngineKernels.Sources, Is.EquivalentTo(files));
    }

    /// <summary>As a user's kernel it is refused before a model is loaded, in one line that says where it differs.</summary>
    [TestCaseSource(nameof(ReplacementCases))]
    public void A_mutant_is_refused_as_a_replacement(string kernel, Mutation mutation)
    {
        using var _ = new Posing(kernel);
        KernelSet set = KernelSet.Default.Replace(kernel, mutation.Apply(KernelSet.Default[kernel]));
        Assert.That(
            () => ReplacementCheck.Run(SoftwareDriver.Driver.Devices[0], TestGpu.Compiler, set),
            Throws.TypeOf<InvalidInputException>().With.Message.Match($@"^kernel: {kernel}: the replacement computes something else than the engine's own: .*\d.*seed \d[^\n]*$"));
    }

    /// <summary>What is asked of a user's kernel is no more than the engine's own does.</summary>
    [Test]
    public void Sound_replacements_pass([ValueSource(typeof(KernelSet), nameof(KernelSet.Names))] string kernel)
    {
        using var _ = new Posing(kernel);
        KernelSet set = KernelSet.Default.Replace(kernel, KernelSet.Default[kernel] + "\n// the same");
        Assert.That(() => ReplacementCheck.Run(SoftwareDriver.Driver.Devices[0], TestGpu.Compiler, set), Throws.Nothing);
    }

    /// <summary>What the first problem that is not solved says; null if all are.</summary>
    private static string? FirstFault(string kernel, Mutation? mutation, int seeds)
    {
        using KernelLaunchers launchers = TestGpu.With(mutation, TestGpu.ProductsFor(kernel));
        return TestGpu.FirstFault(() =>
        {
            for (int seed = 0; seed < seeds; seed++)
            {
                using KernelProblem problem = KernelTopic.All.Single(topic => topic.Name == kernel).Random(launchers, seed);
                do
                {
                    ProblemCheck.Kernel(problem);
                    if (problem.HasTwin)
                        ProblemCheck.Twin(problem);
                }
                while (problem.Advance());
            }
        });
    }
}
