using Sequoia.Native;
using Sequoia.Native.Backends.Cuda;
using Sequoia.Native.Backends.Cuda.Checks;
using Sequoia.SoftwareGpu;

namespace Sequoia.Kernels.Tests.Attention;

/// <summary>Bugs put into attention by hand: the same checks that pass on the sources must fail on each.</summary>
internal sealed class AttendMutantTests : CudaFixture
{
    private const string TailFirst = """
        Merge factors = merge(mass, masses[head]);
        if (p.count > 1)
        {
            mass = masses[head];
            sum = tail;
            for (i32 split = 0; split < splits_of(sealed); split++)
            {
                SealedPartial partial = sealed_partial(p, split, row, first_head + head);
                float2 part = *reinterpret_cast<const float2*>(partial.sums + d);
                factors = merge(mass, *partial.mass);
                sum = {merged(sum.x, part.x, factors), merged(sum.y, part.y, factors)};
            }
            factors = {1.0f, 0.0f};
        }
        """;

    private static readonly Mutation[] Wrong =
    [
        // What is sealed, and for whom.
        new("One_slab_less_is_sealed_for_the_tail", "attend.cu", "keys = place.position + 1 - sealed;", "keys = place.position + 1 - max(0, sealed - 16);"),
        new("Tail_begins_one_late", "attend.cu", "place.node, sealed + threadIdx.x)", "place.node, sealed + 1 + threadIdx.x)"),
        new("Tail_without_the_row_itself", "attend.cu", "keys = place.position + 1 - sealed;", "keys = max(1, place.position - sealed);"),
        new("Sealed_up_to_the_prefix", "attend.cu", "i32 sealed = sealed_keys(place.position),", "i32 sealed = min(p.pass.parts[place.part].sequence->committed, place.position) / 16 * 16,"),
        new("Sealed_by_the_deepest_level", "attend.cuh", "max(0, position - MOST_LEVELS)", "max(0, position - 32)"),
        new("Bounds_of_the_first_row", "sealed_split.cuh", "? work.keys_of(p.pass, work.first_row + r) :", "? work.keys_of(p.pass, work.first_row) :"),
        new("Bounds_of_the_token_before", "sealed_split.cuh", "pass.rows[packed_row / group].position", "pass.rows[max(0, packed_row / group - 1)].position"),
        new("Both_halves_have_one_bound", "sealed_tile.cuh", "SLAB_KEYS < bound[half]", "SLAB_KEYS < bound[0]"),
        new("Bound_one_slab_too_far", "sealed_tile.cuh", "SLAB_KEYS < bound[half]", "SLAB_KEYS <= bound[half]"),
        new("Tiles_are_bound_by_the_first", "sealed_many_rows.cuh", "bounds[row + 8] - tile * TILE_KEYS};", "bounds[row + 8]};"),
        new("Split_ends_with_its_first_row", "attend.cu", "work.first_row + work.rows - 1));", "work.first_row));"),
        new("Slabs_behind_the_bound_are_computed", "sealed_split.cuh", "return min(TILE_SLABS, (keys - tile", "return min(TILE_SLABS, (SPLIT_KEYS - tile"),
        // Places.
        new("Ancestor_of_another_node", "pass.cuh", "[(u64)node * sequence", "[(u64)max(0, node - 1) * sequence"),
        new("Ancestor_one_level_up", "pass.cuh", "levels + of_tree]", "levels + max(0, of_tree - 1)]"),
        new("Pages_in_the_order_of_the_cache", "sequence.cuh", "pages[row / PAGE] * PAGE", "row / PAGE * PAGE"),
        new("Every_slab_of_a_splits_first_page", "attend.cu", "(SPLIT_KEYS / SLAB_KEYS) + slab]", "(SPLIT_KEYS / SLAB_KEYS)]"),
        new("Pages_of_the_first_split", "attend.cu", "[work.split * (SPLIT_KEYS / SLAB_KEYS) + slab]", "[slab]"),
        new("Heads_of_the_first_group", "attend.cu", "first_head = kv_head * group;", "first_head = 0;"),
        new("Query_of_the_next_head", "sealed_split.cuh", "i32 head = work.kv_head * work.group + packed_row % work.group;", "i32 head = work.kv_head * work.group + (packed_row + 1) % work.group;"),
        new("Partial_of_another_row", "sealed_partials.cuh", "(u64)(row - p.first_row) * p.heads + head;", "(u64)(row - p.first_row) * p.kv_heads + head;"),
        new("Planes_of_the_sealed_length", "attend.cu", "(u64)work.kv_head * p.capacity *", "(u64)work.kv_head * (p.capacity - 1) *"),
        new("Writes_swizzled_otherwise_than_read", "sealed_split.cuh", "cp_async_16(shared_tile + swizzled<ROW_BYTES>(chunk / ROW_CHUNKS, chunk % ROW_CHUNKS)", "cp_async_16(shared_tile + 16 * chunk"),
        new("Values_not_transposed", "sealed_tile.cuh", "ldmatrix_x4_trans(value,", "ldmatrix_x4(value,"),
        new("Halves_of_a_pair_exchanged", "sealed_tile.cuh", "= packed<ELEMENT>(even, odd);", "= packed<ELEMENT>(odd, even);"),
        // Sums.
        new("Merge_keeps_without_scaling", "softmax_state.cuh", "Merge merge = {exp2_approx(mass.max - base), exp2_approx(part.max - base)};", "Merge merge = {1.0f, exp2_approx(part.max - base)};"),
        new("Merge_adds_without_scaling", "softmax_state.cuh", "exp2_approx(part.max - base)};", "1.0f};"),
        new("Weights_of_natural_powers", "attend_block.cuh", "LOG2_E = 1.44269504f", "LOG2_E = 1.0f"),
        new("Infinity_less_infinity", "softmax_state.cuh", "return max == -infinity() ? 0.0f : max;", "return max;"),
        new("Sum_of_one_lane", "sealed_tile.cuh", "        sum += __shfl_xor_sync(WARP, sum, 2);\n", ""),
        new("Largest_of_half_the_lanes", "sealed_tile.cuh", "        max = fmaxf(max, __shfl_xor_sync(WARP, max, 2));\n", ""),
        // Orders that are right by themselves, but not for all rows alike.
        new("Tiles_of_few_rows_merge_from_the_last", "sealed_few_rows.cuh", "for (i32 t = 0; t * TILE_KEYS < work.keys; t++)", "for (i32 t = (work.keys - 1) / TILE_KEYS; t >= 0; t--)"),
        new("Splits_of_many_rows_merge_from_the_last", "attend.cu", "sealed_partial(p, split, row, first_head + head);", "sealed_partial(p, p.count > 1 ? splits_of(sealed) - 1 - split : split, row, first_head + head);"),
        new("Tail_of_many_rows_merges_first", "attend.cu", "Merge factors = merge(mass, masses[head]);", TailFirst),
        // Time.
        new("Tile_without_waiting", "sealed_many_rows.cuh", "        cp_async_wait<1>();\n        // The tile is complete, and", "        // The tile is complete, and"),
        new("Wait_one_group_short", "sealed_few_rows.cuh", "cp_async_wait<TILE_SLABS - 1>();", "cp_async_wait<TILE_SLABS>();"),
        new("Values_without_waiting", "sealed_few_rows.cuh", "        cp_async_wait<0>();\n        // The tile's values are complete.", "        // The tile's values are complete."),
        new("Tail_values_without_waiting", "attend.cu", "    cp_async_wait<0>();\n    // The tail's values", "    // The tail's values"),
        new("Tail_keys_without_waiting", "attend.cu", "    cp_async_wait<1>();\n    // The tail's keys", "    // The tail's keys"),
        new("No_group_where_nothing_was_copied", "sealed_many_rows.cuh", "        // Waits count groups, so there is one for each tile.\n        cp_async_commit();", "        if (tile * TILE_KEYS < work.keys)\n            cp_async_commit();"),
        new("Stage_refilled_while_it_is_read", "sealed_many_rows.cuh", "        // The tile's place is free: all warps have read it.\n        __syncthreads();\n", ""),
        new("Queries_read_before_they_are_complete", "sealed_few_rows.cuh", "    // The queries and bounds[] are complete.\n    __syncthreads();\n", ""),
        new("Tiles_merge_before_they_are_complete", "sealed_few_rows.cuh", "    // All tiles' sums and masses are complete.\n    __syncthreads();\n", ""),
        new("Rows_of_the_tail_read_before_they_are_complete", "attend.cu", "    // cache_rows[] is complete.\n    __syncthreads();\n", ""),
        new("Weights_before_all_scores", "attend.cu", "    // All scores are complete.\n    __syncthreads();\n", ""),
        new("Sums_before_all_weights", "attend.cu", "    // The tail's values, weights[] and masses[] are complete.\n    __syncthreads();\n", ""),
        // The twin.
        new("Twin_forgets_to_shrink", "attend_scalar.cu", "float sum = sums[part] * shrink;", "float sum = sums[part];"),
        new("Twin_of_another_kv_head", "attend_scalar.cu", "kv_head = head / (p.heads / p.kv_heads)", "kv_head = head % p.kv_heads"),
    ];

    [TestCaseSource(nameof(Wrong))]
    public void A_bug_is_found(Mutation mutation)
    {
        using KernelLaunchers launchers = TestGpu.With(mutation);
        Assert.That(TestGpu.IsFound(() => Check(launchers.Of(Element.F16))));
    }

    /// <summary>The checks themselves let sound kernels pass.</summary>
    [Test]
    public void Sound_kernels_pass() => Assert.That(TestGpu.IsFound(() => Check(TestGpu.Sound.Of(Element.F16))), Is.False);

    private static void Check(CudaKernels kernels)
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
        AttendInvarianceTests.Check(new AttendChain(kernels, 32, 2, 2), [0, 60, 64, 79, 80, 100, 143, 144, 300, 319, 336, 600], 1);
        for (int seed = 400; seed < 404; seed++)
        {
            using AttendProblem twin = AttendProblem.RandomScalar(seed, kernels);
            ProblemCheck.Twin(twin);
        }
    }

    /// <summary>Few rows or many, whose sealed keys end in different splits and tiles.</summary>
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
