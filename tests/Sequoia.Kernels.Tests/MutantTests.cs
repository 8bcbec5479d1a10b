using Sequoia.Kernels.Tests.Compaction;
using Sequoia.Kernels.Tests.Sampling;
using Sequoia.Native;
using Sequoia.Native.Backends.Cuda;
using Sequoia.Native.Backends.Cuda.Checks;
using Sequoia.SoftwareGpu;

namespace Sequoia.Kernels.Tests;

/// <summary>Bugs put into the kernels by hand: the same checks that pass on the sources must fail on each.</summary>
internal sealed class MutantTests : CudaFixture
{
    private static readonly Mutation[] Drawing =
    [
        new("Noise_of_the_next_node", "draw_children.cu", "(u32)node, sequence.step", "(u32)node + 1, sequence.step"),
        new("Noise_of_the_first_step", "draw_children.cu", "sequence.step, DRAFT_NOISE", "0u, DRAFT_NOISE"),
        new("Scores_keep_the_maximum", "draw_children.cu", "* scale.inverse_temperature - scale.max;", "* scale.inverse_temperature;"),
        new("Ties_go_to_the_higher_token", "selection.cuh", "(0x7FFFFFFFu - (u32)tok);", "(u32)tok;"),
        new("Signed_zeros_differ", "selection.cuh", "__float_as_uint(score + 0.0f)", "__float_as_uint(score)"),
        new("Tokens_without_mass_are_not_ranked_behind", "draw_children.cu", "visit(selection_key(has_mass,", "visit(selection_key(true,"),
        new("No_child_once_the_mass_is_used_up", "draw_children.cu", "(with_mass, 0) < wanted;", "(with_mass, 0) < 0;"),
        new("Bound_of_noise_too_low", "philox.cuh", "0.694f * (float)(1 + __clz", "0.694f * (float)(__clz"),
        new("Bound_one_too_high", "selection.cuh", "Largest::of(floor, keys[wanted - 1])", "Largest::of(floor, keys[wanted - 1] + 1)"),
        new("Candidates_beyond_the_room_are_lost", "selection.cuh", "if (count <= SELECTION_ROOM)", "if (count <= 2 * SELECTION_ROOM * 100)"),
        new("Temperature_multiplies", "distribution.cuh", "logit * scale.inverse_temperature", "logit / scale.inverse_temperature"),
        new("Top_k_drops_ties", "distribution.cuh", "weight < scale.count_floor", "weight <= scale.count_floor && scale.count_floor > 0.0f"),
        new("Top_p_drops_ties", "distribution.cuh", "p < scale.mass_floor", "p <= scale.mass_floor && scale.mass_floor > 0.0f"),
        new("Top_p_stops_one_bin_late", "mass_threshold.cuh", "mass + mine >= target", "mass + mine > target"),
        new("Mass_in_coarser_units", "mass_threshold.cuh", "4503599627370496.0f", "4194304.0f"),
        new("Radix_pass_forgets_the_mass_above", "mass_threshold.cuh", "u64 mass = above + until - mine;", "u64 mass = until - mine;"),
        new("Tiles_are_added_in_another_order", "row_scale.cuh", "sum += value_of(logit.of[part]);", "sum += value_of(logit.of[3 - part]);"),
        new("Tree_of_neighbours", "tiled_sum.cuh", "sum += __shfl_down_sync(WARP, sum, half);", "sum += __shfl_xor_sync(WARP, sum, LANES / 2 / half);"),
        new("Last_token_is_forgotten", "quad.cuh", "tok + part < vocabulary ? row", "tok + part + 1 < vocabulary ? row"),
        new("Padding_is_read", "quad.cuh", "tok + 4 <= vocabulary", "tok < vocabulary"),
        new("Sum_read_before_it_is_complete", "tiled_sum.cuh", "    // tile_sum[] is complete.\n    __syncthreads();", ""),
        new("Tree_without_barriers", "tiled_sum.cuh", "        // This level of the tree is complete.\n        __syncthreads();", ""),
        new("Sort_without_barriers", "selection.cuh", "            else\n                __syncthreads();", ""),
        new("Histogram_read_before_it_is_complete", "mass_threshold.cuh", "        // histogram[] is complete.\n        __syncthreads();", ""),
        new("Children_of_one_race", "draw_children.cu", "(u32)(tree.first_child[node] + found), sequence.step, CHILD_SAMPLE", "(u32)tree.first_child[node], sequence.step, CHILD_SAMPLE"),
        new("NaN_passes", "row_scale.cuh", "__syncthreads_or(is_nan) ? not_a_number() : largest", "largest"),
        new("NaN_of_another_block_passes", "draw_children.cu", "__any_sync(WARP, largest != largest) ? not_a_number() : ", ""),
        new("Last_tile_of_a_share_is_forgotten", "share.cuh", "- first + step - 1) / step", "- first) / step"),
        new("Share_of_the_first_block", "share.cuh", "return first + step * index;", "return step * index;"),
        new("Maximum_of_one_block", "draw_children.cu", "lane < workspace.scale_parts ?", "lane < 1 ?"),
        new("Sum_of_one_block", "draw_children.cu", "lane < parts ? sums[lane]", "lane < 1 ? sums[lane]"),
        new("Race_in_one_block", "draw_children.cu", "other < parts; other++", "other < 1; other++"),
        new("Keys_of_one_block", "draw_children.cu", "KeysOfParts{of_parts, parts * wanted}", "KeysOfParts{of_parts, wanted}"),
        new("Keys_without_their_block", "draw_children.cu", "of_parts[part * wanted + rank] =", "of_parts[rank] ="),
        new("Keys_of_the_next_row", "draw_children.cu", "(size_t)row * parts * workspace.room", "(size_t)row * workspace.room"),
        new("Scale_before_all_maxima", "draw_children.cu", "|| !block_arrives_last(workspace.arrived + row, parts))", "|| !block_arrives_last(workspace.arrived + row, 1))"),
        new("Children_before_all_keys", "draw_children.cu", "    if (!block_arrives_last(workspace.arrived + row, parts))", "    if (!block_arrives_last(workspace.arrived + row, 1))"),
        new("Arrives_before_all_is_written", "arrival.cuh", "    // What this block leaves is written.\n    __syncthreads();", ""),
        new("Scale_read_before_it_is_complete", "draw_children.cu", "        // The scale is complete.\n        __syncthreads();", ""),
        new("Races_read_before_they_are_complete", "draw_children.cu", "    // keys[] is complete.\n    __syncthreads();", ""),
        new("Reduction_overwrites_the_last", "block_reduce.cuh", "    // of_warp[] is free: the previous reduction's readers are done.\n    __syncthreads();", ""),
        new("Least_noise_too_high", "philox.cuh", "-0.33f) : -2.82f", "0.2f) : -1.0f"),
        new("Tokens_without_mass_are_counted", "draw_children.cu", "with_mass += mass > 0.0f;", "with_mass++;"),
        new("Sorted_by_a_warp_without_its_barrier", "selection.cuh", "    // keys[] is sorted.\n    if (alone)\n        __syncthreads();", ""),
        new("Carry_is_lost", "mass_threshold.cuh", " + (before + add_low < before)", ""),
        new("Carry_of_every_addition", "mass_threshold.cuh", "(before + add_low < before)", "1"),
        new("High_half_is_lost", "mass_threshold.cuh", "((u64)high[bin] << 32) | low[bin]", "(u64)low[bin]"),
    ];

    private static readonly Mutation[] Verifying =
    [
        new("Coin_of_the_rank", "verify_tree.cu", "accept_coin(sequence.seed, sequence.step, node, child)", "accept_coin(sequence.seed, sequence.step, node, child - first)"),
        new("Top_p_is_not_renormalised", "distribution.cuh", "0.0f : p * scale.inverse_kept", "0.0f : p"),
        new("Accepts_impossible_tokens", "residual.cuh", "residual_mass > coin * q / draft_mass", "residual_mass >= coin * q / draft_mass"),
        new("Quotient_without_the_drafts_mass", "residual.cuh", "> coin * q / draft_mass", "> coin * q"),
        new("Quotient_without_the_residuals_mass", "residual.cuh", "q, p)) / residual_mass >", "q, p)) >"),
        new("Level_without_the_drafts_mass", "residual.cuh", "level += residual_mass / draft_mass;", "level += residual_mass;"),
        new("Level_is_not_added_up", "residual.cuh", "level += residual_mass / draft_mass;", "level = residual_mass / draft_mass;"),
        new("Rejected_tokens_keep_their_mass", "residual.cuh", "if (!((mask >> ((tok + part) % TILE_TOKENS)) & 1))", "if (true)"),
        new("First_rejected_token_is_not_excluded", "residual.cuh", "for (i32 child = 0; child < rejected; child++)", "for (i32 child = 1; child < rejected; child++)"),
        new("Sums_before_the_rejection", "residual.cuh", "for (i32 child = 0; child < rejected; child++)", "for (i32 child = 0; child + 1 < rejected; child++)"),
        new("No_uniform_fallback", "residual.cuh", "else if (draft_mass <= 0.0f)", "else if (draft_mass < 0.0f)"),
        new("Fallback_over_all_tokens", "residual.cuh", "(float)(vocabulary - rejected)", "(float)vocabulary"),
        new("Fallback_keeps_the_level", "residual.cuh", "        level = 0.0f, residual_mass", "        residual_mass"),
        new("Residual_may_be_negative", "residual.cuh", "return x > 0.0f ? x : 0.0f;", "return x;"),
        new("Bonus_ignores_the_level", "residual.cuh", "float final_level = is_exhausted ? 0.0f : level;", "float final_level = 0.0f;"),
        new("Bonus_with_the_random_numbers_of_a_plain_sample", "verify_tree.cu", "tree.size == 1 ? PLAIN_SAMPLE : FINAL_SAMPLE", "PLAIN_SAMPLE"),
        new("Race_prefers_the_last_of_equals", "race.cuh", "(u32)tok;", "~(u32)tok;"),
        new("Race_skips_too_much", "race.cuh", "1.01f * first_time", "0.5f * first_time"),
        new("Greedy_takes_the_last_of_equals", "selection.cuh", "(0x7FFFFFFFu - (u32)tok);", "(u32)tok;"),
        new("Walks_beyond_the_computed_nodes", "verify_tree.cu", "step.child >= part.rows", "step.child > part.rows"),
        new("Draft_loses_tokens_with_replacement", "residual.cuh", "if (!with_replacement)\n            draft_mass", "draft_mass"),
        new("Path_before_all_steps", "verify_tree.cu", "arrives_last(p.arrived + blockIdx.y, gridDim.x)", "arrives_last(p.arrived + blockIdx.y, 1)"),
        new("Step_of_the_first_node", "verify_tree.cu", "step = p.steps[part.first_row + node];", "step = p.steps[part.first_row];"),
        new("Steps_without_their_part", "verify_tree.cu", "            p.steps[part.first_row + node] = step;", "            p.steps[node] = step;"),
        new("Nodes_beyond_the_grid_are_left_out", "verify_tree.cu", "node += gridDim.x)", "node += part.rows)"),
        new("Target_draws_with_the_bonus_numbers", "verify_tree.cu", "sequence.step, TARGET_SAMPLE", "sequence.step, FINAL_SAMPLE"),
        new("Draft_row_by_node", "verify_tree.cu", "(size_t)sequence.draft_row[node] *", "(size_t)node *"),
        new("Scratch_reused_while_it_is_read", "verify_tree.cu", "        // Scratch is free: everybody has the last pass's sums.\n        __syncthreads();", ""),
    ];

    private static readonly Mutation[] Arithmetic =
    [
        new("Philox_has_nine_rounds", "philox.cuh", "PHILOX_ROUNDS = 10", "PHILOX_ROUNDS = 9"),
        new("Philox_keys_of_one_word", "philox.cuh", "k1 += 0xBB67AE85u;", ""),
        new("Exponential_of_another_polynomial", "exact_math.cuh", "0.49999994f", "0.5f"),
        new("Logarithm_loses_digits_near_zero", "exact_math.cuh", ": 0.0f - u;", ": mantissa_of(y) - 1.0f;"),
        new("Not_fused_where_it_must_be", "exact_math.cuh", "p = fmaf(p, r, 0.16666521f);", "p = p * r + 0.16666521f;"),
        new("Uniform_without_its_half", "philox.cuh", "1.0f / 4294967296.0f, 0.5f / 4294967296.0f", "1.0f / 4294967296.0f, 0.0f"),
        new("Uniform_reaches_one", "philox.cuh", "return u < limit ? u : limit;", "return u;"),
        new("Coarse_coin", "philox.cuh", "(float)(r >> 9)", "(float)((r >> 20) << 11)"),
    ];

    private static readonly Mutation[] Moving =
    [
        new("Descending", "compact_kv.cu", "for (i32 begin = kept; begin < length; begin += BATCH)", "for (i32 begin = kept + (length - kept - 1) / BATCH * BATCH; begin >= kept; begin -= BATCH)"),
        new("One_row_too_many", "compact_kv.cu", "committed + begin + i) * p.chunks)] = moving[i];", "committed + begin + i + 1) * p.chunks)] = moving[i];"),
        new("Skips_one_row_more", "compact_kv.cu", "path[kept] == kept)", "path[kept] <= kept + 1)"),
        new("Last_row_stays", "compact_kv.cu", "length = p.rows_of(part)", "length = p.rows_of(part) - 1"),
        new("Draft_keeps_the_leaf", "compact_kv.cuh", "cache_of == 0 ? outcomes", "true ? outcomes"),
        new("Pages_in_the_order_of_the_cache", "sequence.cuh", "pages[row / PAGE] * PAGE", "row / PAGE * PAGE"),
        new("Columns_of_one_plane_more", "compact_kv.cu", "column >= p.planes * p.chunks", "column > p.planes * p.chunks"),
        new("Planes_without_the_committed_rows", "compact_kv.cu", "committed = sequence.committed", "committed = 0"),
    ];

    [TestCaseSource(nameof(Drawing))]
    public void A_wrong_draw_is_found(Mutation mutation)
    {
        using KernelLaunchers kernels = TestGpu.With(mutation);
        Assert.That(TestGpu.IsFound(() => Draws(kernels.Any)));
    }

    [TestCaseSource(nameof(Verifying))]
    public void A_wrong_verdict_is_found(Mutation mutation)
    {
        using KernelLaunchers kernels = TestGpu.With(mutation);
        Assert.That(TestGpu.IsFound(() => Verdicts(kernels.Any)));
    }

    [TestCaseSource(nameof(Arithmetic))]
    public void Wrong_arithmetic_is_found(Mutation mutation) => Assert.That(TestGpu.IsFound(() => ArithmeticCheck.Run(mutation)));

    [TestCaseSource(nameof(Moving))]
    public void A_wrong_move_is_found(Mutation mutation)
    {
        using KernelLaunchers kernels = TestGpu.With(mutation);
        Assert.That(TestGpu.IsFound(() => Moves(kernels.Any)));
    }

    /// <summary>The checks themselves let sound kernels pass.</summary>
    [Test]
    public void Sound_kernels_pass()
    {
        Action[] checks = [() => ArithmeticCheck.Run(), () => Draws(TestGpu.Sound.Any), () => Verdicts(TestGpu.Sound.Any), () => Moves(TestGpu.Sound.Any)];
        Assert.That(checks.Select(TestGpu.IsFound), Is.All.False);
    }

    private static void Draws(CudaKernels kernels)
    {
        for (int seed = 100; seed < 160; seed++)
            Check(DrawCases.Random(kernels, seed, mostRows: 24));
        for (int seed = 0; seed < 24; seed++)
        {
            using var _ = new Launching(Launching.Checked(seed % 4 == 0 ? Schedule.Random : Schedule.InOrder, seed));
            Check(DrawCases.Random(kernels, seed, mostRows: 4));
        }
        for (int seed = 0; seed < 12; seed++)
            Check(DrawCases.Random(kernels, seed, mostRows: 4, method: seed % 2 == 0 ? SpeculationMethod.SpecInfer : SpeculationMethod.TargetOnly));
        // Rows of which a block's share has more keys than there is room for.
        for (int seed = 0; seed < 14; seed++)
            Check(DrawCases.Random(kernels, seed, mostRows: 2, vocabulary: 32_000));
        Check(DrawCases.OneChild(kernels, seed: 0, temperature: 0));
        for (int seed = 0; seed < 5; seed++)
            Check(DrawCases.OneChild(kernels, seed, temperature: 3));
        // More children than a warp has threads.
        foreach (SpeculationMethod method in Enum.GetValues<SpeculationMethod>())
        {
            using var _ = new Launching(Launching.Checked(Schedule.Random));
            Check(DrawCases.ManyChildren(kernels, method));
        }
        Check(DrawCases.FarFromZero(kernels, rows: 16));
        Check(DrawCases.Crowded(kernels, block: 256, temperature: 1));
        DraftedTree damaged = DraftedTree.OfSeed(1, mostRows: 4, vocabulary: 1003, method: SpeculationMethod.Sequoia);
        damaged.Row(0)[^1] = float.NaN;
        Check(new DrawChildrenProblem(kernels, damaged, seed: 1, block: 256, parts: 32));

        static void Check(DrawChildrenProblem problem)
        {
            using (problem)
                ProblemCheck.Kernel(problem);
        }
    }

    private static void Verdicts(CudaKernels kernels)
    {
        for (int seed = 0; seed < 120; seed++)
            VerifyCases.Check(kernels, VerifyCases.Random(seed), times: 6, shuffledChildren: seed % 5 == 0 ? seed : null);
        for (int seed = 0; seed < 80; seed++)
            VerifyCases.Check(kernels, VerifyCases.Random(seed, method: seed % 2 == 0 ? SpeculationMethod.SpecInfer : SpeculationMethod.TargetOnly), times: 6);
        for (int seed = 0; seed < 40; seed++)
            VerifyCases.Check(kernels, VerifyCases.UsedUp(seed), times: 8);
        using var _ = new Launching(Launching.Checked(Schedule.Random));
        for (int seed = 0; seed < 12; seed++)
            VerifyCases.Check(kernels, VerifyCases.Random(seed), times: 2);
    }

    private static void Moves(CudaKernels kernels)
    {
        foreach (int[] path in CompactKvTests.Paths(6))
            CompactKvTests.Check(kernels, planes: 2, headDim: 8, committed: 3, path);
        var random = new Random(1);
        int[] longPath = [0, .. Enumerable.Range(1, 99).Where(_ => random.Next(3) == 0)];
        CompactKvTests.Check(kernels, planes: 8, headDim: 64, committed: 11, longPath);
    }
}
