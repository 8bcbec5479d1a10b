using Sequoia.Native;
using Sequoia.Native.Backends.Cuda;
using Sequoia.Native.Backends.Cuda.Checks;
using Sequoia.SoftwareGpu;

namespace Sequoia.Kernels.Tests.Attention;

/// <summary>Bugs put into attention by hand: the same checks that pass on the sources must fail on each.</summary>
internal sealed class AttendMutantTests : CudaFixture
{
    private static readonly Mutation[] Wrong =
    [
        // Which keys are where, and for whom.
        new("Prefix_is_all_that_is_committed", "attend.cuh", "min(committed / TILE_KEYS * TILE_KEYS, all)", "min(committed, all)"),
        new("Prefix_of_a_tree_in_the_order_of_pages", "attend.cuh", "part.is_tree ? min(", "false ? min("),
        new("Prefix_beyond_the_row", "attend.cuh", "* TILE_KEYS, all) : all};", "* TILE_KEYS, all) : all + 1};"),
        new("Tree_tiles_of_the_prefix", "attend.cuh", "position / TILE_KEYS + 1 - first_tree_tile();", "position / TILE_KEYS - first_tree_tile();"),
        new("Only_one_tile_of_the_tree", "attend.cu", "if (of_tree >= of_row.tree_tiles())", "if (of_tree >= min(1, of_row.tree_tiles()))"),
        new("Bounds_of_the_first_row", "attend.cu", "keys_of(p.pass, tile.first + packed_row / group).prefix", "keys_of(p.pass, tile.first).prefix"),
        new("Bounds_of_the_row_before", "attend.cu", "keys_of(p.pass, tile.first + packed_row / group).prefix", "keys_of(p.pass, tile.first + max(0, packed_row / group - 1)).prefix"),
        new("Both_halves_have_one_bound", "attend_tile.cuh", "i32 left = bound[half] -", "i32 left = bound[0] -"),
        new("Bound_one_key_too_far", "attend_tile.cuh", "i % 2 < left ?", "i % 2 <= left ?"),
        new("Bound_of_lane_0", "attend_tile.cuh", "bound[half] - threadIdx.x % 4 * 2;", "bound[half];"),
        new("Tiles_are_bound_by_the_first", "attend_keys.cuh", "{bound[0] - tile * TILE_KEYS, bound[1] - tile * TILE_KEYS}", "{bound[0], bound[1]}"),
        new("Split_ends_with_its_first_row", "attend.cu", "last_row = tile.first + tile.rows - 1;", "last_row = tile.first;"),
        new("Values_behind_the_last_key", "attend_keys.cuh", "lane_key() + eight < left ? 16 : 0;", "16;"),
        new("Last_slab_is_left_out", "attend_keys.cuh", "+ SLAB_KEYS - 1) / SLAB_KEYS; }", ") / SLAB_KEYS; }"),
        // Places.
        new("Ancestor_of_another_node", "pass.cuh", "[(u64)node * sequence", "[(u64)max(0, node - 1) * sequence"),
        new("Ancestor_one_level_up", "pass.cuh", "levels + of_tree]", "levels + max(0, of_tree - 1)]"),
        new("Pages_in_the_order_of_the_cache", "sequence.cuh", "pages[row / PAGE] * PAGE", "row / PAGE * PAGE"),
        new("Pages_of_the_first_split", "attend.cu", "cache_row(pages, first_key + first_tile", "cache_row(pages, first_tile"),
        new("Rows_of_the_first_slab", "attend_keys.cuh", "cache_rows[slab][eight / 8]", "cache_rows[0][eight / 8]"),
        new("Rows_of_the_first_eight", "attend_keys.cuh", "cache_rows[slab][eight / 8]", "cache_rows[slab][0]"),
        new("Both_half_warps_look_for_one_slab", "attend_keys.cuh", "(lane < SLAB_KEYS ? first_key(two) : first_key(two + 1))", "first_key(two)"),
        new("Path_of_another_row", "attend.cu", "PassRow place = load_row(p.pass, row);", "PassRow place = load_row(p.pass, p.first_row);"),
        new("Queries_of_the_first_group", "attend.cu", "(kv_head * group + packed_row % group) * HEAD_DIM;", "(packed_row % group) * HEAD_DIM;"),
        new("Query_of_the_next_head", "attend.cu", "(kv_head * group + packed_row % group) * HEAD_DIM;", "(kv_head * group + (packed_row + 1) % group) * HEAD_DIM;"),
        new("Query_halves_exchanged", "attend_tile.cuh", "row[4 * eight];", "row[4 * (eight ^ 1)];"),
        new("Query_rows_exchanged", "attend_tile.cuh", "rows[half] + column);", "rows[1 - half] + column);"),
        new("Partial_of_another_row", "attend_partials.cuh", "(u64)(row - p.first_row) * p.heads + head;", "(u64)(row - p.first_row) * p.kv_heads + head;"),
        new("Planes_of_another_length", "attend.cu", "TileKeys<1> keys = {p.keys + plane,", "TileKeys<1> keys = {p.keys + (u64)kv_head * (p.capacity - 1) * HEAD_DIM,"),
        new("Writes_swizzled_otherwise_than_read", "attend_keys.cuh", "kept(swizzled<ROW_BYTES>(lane_key(), lane % 4));", "lane_key() * ROW_BYTES + 16 * (lane % 4);"),
        new("Values_not_transposed", "attend_tile.cuh", "ldmatrix_x4_trans(value,", "ldmatrix_x4(value,"),
        new("Halves_of_a_pair_exchanged", "attend_tile.cuh", "= packed<ELEMENT>(even, odd);", "= packed<ELEMENT>(odd, even);"),
        // Sums.
        new("Merge_keeps_without_scaling", "softmax_state.cuh", "Merge merge = {exp2_approx(mass.max - max), ", "Merge merge = {1.0f, "),
        new("Merge_adds_without_scaling", "softmax_state.cuh", "exp2_approx(part.max - max)};", "1.0f};"),
        new("Weights_of_natural_powers", "attend_block.cuh", "LOG2_E = 1.44269504f", "LOG2_E = 1.0f"),
        new("Infinity_less_infinity", "softmax_state.cuh", "constexpr float LEAST_SCORE = -1.5e38f;", "#define LEAST_SCORE -infinity()"),
        new("Sum_of_one_lane", "attend_tile.cuh", "        sum += __shfl_xor_sync(WARP, sum, 2);\n", ""),
        new("Largest_of_half_the_lanes", "attend_tile.cuh", "        max = fmaxf(max, __shfl_xor_sync(WARP, max, 2));\n", ""),
        // Orders that are right by themselves, but not for all rows alike.
        new("Tiles_of_few_rows_merge_from_the_last", "attend.cu", "for (i32 t = 0; t * TILE_KEYS < keys_of_split; t++)", "for (i32 t = (keys_of_split - 1) / TILE_KEYS; t >= 0; t--)"),
        new("Splits_of_many_rows_merge_from_the_last", "attend_partials.cuh", "row_sum.take(part(split));", "row_sum.take(part(p.count > 1 ? whole_splits - 1 - split : split));"),
        new("Tree_tiles_merge_into_the_row", "attend_partials.cuh", "if (tile % SPLIT_TILES == 0)", "if (true)"),
        new("Tree_tiles_stay_in_the_prefix_split", "attend_partials.cuh", "if (tile % SPLIT_TILES == 0)", "if (false)"),
        // Time.
        new("Keys_without_waiting", "attend_keys.cuh", "        cp_async_wait<TILES - 1>();\n        // The tile's keys are complete.", "        // The tile's keys are complete."),
        new("Keys_of_other_threads_without_waiting", "attend_keys.cuh", "        // The tile's keys are complete.\n        keys.sync();\n", ""),
        new("Values_without_waiting", "attend_keys.cuh", "        cp_async_wait<TILES - 1>();\n        // The tile's values are complete.", "        // The tile's values are complete."),
        new("Values_of_other_threads_without_waiting", "attend_keys.cuh", "        // The tile's values are complete.\n        keys.sync();\n", ""),
        new("No_group_of_nothing", "attend_keys.cuh", "        // Of nothing: waits count groups.\n        cp_async_commit();\n", ""),
        new("Values_over_keys_that_are_read", "attend_keys.cuh", "        // The tile's place is free: its keys are read.\n        keys.sync();\n", ""),
        new("Tiles_merge_before_they_are_complete", "attend.cu", "    // All tiles' sums and masses, and has_keys[], are complete.\n    __syncthreads();\n", ""),
        new("Split_arrives_before_its_sums", "attend.cu", "    // All rows' sums of the split are in the workspace.\n    __syncthreads();\n", ""),
        new("Rows_merge_before_the_arrival", "attend.cu", "    // is_last[] is complete, and what the other blocks left is visible to all threads.\n    __syncthreads();\n", ""),
        new("Arrival_without_release", "arrival.cuh", "atom.acq_rel.gpu.global", "atom.relaxed.gpu.global"),
        new("One_part_is_not_waited_for", "attend_partials.cuh", "splits_of(keys.prefix) + keys.tree_tiles();", "max(1, splits_of(keys.prefix) + keys.tree_tiles() - 1);"),
        new("Counter_of_another_head", "attend_partials.cuh", "* p.kv_heads + kv_head, parts);", "* p.kv_heads, parts);"),
        // The twin.
        new("Twin_forgets_to_shrink", "attend_scalar.cu", "float sum = sums[part] * shrink;", "float sum = sums[part];"),
        new("Twin_of_another_kv_head", "attend_scalar.cu", "kv_head = head / p.group", "kv_head = head % p.kv_heads"),
    ];

    [TestCaseSource(nameof(Wrong))]
    public void A_bug_is_found(Mutation mutation)
    {
        using KernelLaunchers launchers = TestGpu.With(mutation), digits = TestGpu.With(mutation, AttendChain.LowerHalves);
        Assert.That(TestGpu.IsFound(() => Check(launchers.Of(Element.F16), digits.Of(Element.F16))));
    }

    /// <summary>The checks themselves let sound kernels pass.</summary>
    [Test]
    public void Sound_kernels_pass()
    {
        using KernelLaunchers digits = TestGpu.With(AttendChain.LowerHalves);
        Assert.That(TestGpu.IsFound(() => Check(TestGpu.Sound.Of(Element.F16), digits.Of(Element.F16))), Is.False);
    }

    private static void Check(CudaKernels kernels, CudaKernels digits)
    {
        foreach (Schedule schedule in (Schedule[])[Schedule.Random, Schedule.Adversarial])
        {
            using var _ = new Launching(Launching.Checked(schedule));
            foreach (AttendShape shape in (AttendShape[])[Small(1, 3), Small(2, 30)])
            {
                using var problem = new AttendProblem(kernels, shape);
                ProblemCheck.Kernel(problem);
            }
        }
        for (int seed = 500; seed < 520; seed++)
        {
            using AttendProblem problem = AttendProblem.Random(seed, kernels);
            ProblemCheck.Kernel(problem);
        }
        var chain = new AttendChain(digits, 32, 2, 2);
        // A path across the end of a split that is not the first.
        chain.Check(500, TokenTree.Chains(2, 20), leaf: 40, [.. Enumerable.Range(0, 41)], spare: 0);
        AttendInvarianceTests.Check(chain, [0, 60, 64, 79, 80, 100, 127, 128, 191, 240, 256, 300, 336, 600], 1);
        for (int seed = 400; seed < 404; seed++)
        {
            using AttendProblem twin = AttendProblem.RandomScalar(seed, kernels);
            ProblemCheck.Twin(twin);
        }
    }

    /// <summary>Few rows or many, whose keys end in different splits and tiles.</summary>
    private static AttendShape Small(int seed, int size)
    {
        TokenTree tree = AttendTrees.Random(new Random(seed), size);
        return new AttendShape
        {
            Element = Element.F16,
            HeadDim = 32,
            KvHeads = 2,
            Group = 3,
            Prefix = 382,
            Positions = 400 + size,
            Tree = tree,
            Nodes = [.. Enumerable.Range(0, tree.Size)],
            Tokens = [.. Enumerable.Range(1 << 20, tree.Size)],
            Seed = seed,
        };
    }
}
