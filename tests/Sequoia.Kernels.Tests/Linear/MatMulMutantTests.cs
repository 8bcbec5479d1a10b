using Sequoia.Native.Backends.Cuda;
using Sequoia.Native.Backends.Cuda.Checks;

namespace Sequoia.Kernels.Tests.Linear;

/// <summary>Bugs put into the linear layers by hand: the same checks that pass on the sources must fail on each.</summary>
internal sealed class MatMulMutantTests : CudaFixture
{
    private const string Kernel = "matmul.cu", Sums = "tile_sums.cuh", Hopper = "matmul_sm90.cu", Twin = "matmul_scalar.cu", Epilogue = "epilogue.cuh";

    private static readonly Mutation[] Mutants =
    [
        new("Ring_without_barriers", Kernel, "        __syncthreads();\n        if (ahead > 0)", "        if (ahead > 0)"),
        new("Next_split_overwrites_the_last", Kernel, "    // All stages are free: everybody has the last split's sums.\n    __syncthreads();", ""),
        new("Splits_in_turn_are_one_long_sum", Kernel, "sum_split<Epilogue>(p, operands, split, row_tile, first_token, sums);", "sum_split<Epilogue>(p, operands, split, row_tile, first_token, totals);"),
        new("Stage_read_without_a_wait", Kernel, "        cp_async_wait<STAGES - 2>();\n", ""),
        new("Waits_for_one_group_too_few", Kernel, "cp_async_wait<STAGES - 2>", "cp_async_wait<STAGES - 1>"),
        new("Nothing_is_no_group", Kernel, "        // Also of nothing, so that the newest STAGES - 2 groups are always those of tiles ahead.\n        cp_async_commit();", "        if (ahead > 0)\n            cp_async_commit();"),
        new("Last_columns_are_lost", "operands.cuh", "(columns + BLOCK_COLUMNS - 1) / BLOCK_COLUMNS", "columns / BLOCK_COLUMNS"),
        new("One_tile_too_many_is_read", Kernel, "if (ahead > 0)", "if (ahead >= 0)"),
        new("A_tile_is_read_twice", Kernel, "        weight += WEIGHT_BYTES;\n", ""),
        new("Rows_of_x_are_read_twice", Kernel, "cp_async_16(to + stage + WEIGHT_BYTES + at, x + at)", "cp_async_16(to + stage + WEIGHT_BYTES + at, x)"),
        new("Free_stage_is_the_next", Kernel, "        free_stage = stage;\n        stage = next(stage);", "        stage = next(stage);\n        free_stage = stage;"),
        new("Ring_of_one_stage_less", Kernel, "stage == (STAGES - 1) * STAGE_BYTES", "stage == (STAGES - 2) * STAGE_BYTES"),
        new("One_output_too_many", Sums, "output >= outputs", "output > outputs"),
        new("One_token_too_many", Sums, "if (token >= p.pass.count)", "if (token > p.pass.count)"),
        new("One_row_of_the_stream_too_many", Sums, "if (first_token + token >= p.pass.count)", "if (first_token + token > p.pass.count)"),
        new("Last_token_is_lost", Sums, "if (token >= p.pass.count)", "if (token >= p.pass.count - 1)"),
        new("Tokens_of_the_first_warps", Sums, "first_token + first_token_of_warp() + i / 2", "first_token + i / 2"),
        new("Outputs_of_the_first_16", Sums, "+ 16 * of_warp + group;", "+ group;"),
        new("Weights_are_not_swizzled_on_the_way_out", Kernel, "kept(stage + swizzled<ROW_BYTES>(first_row_of_warp() + lane % 16, 2 * step + lane / 16)", "kept(stage + 128 * (first_row_of_warp() + lane % 16) + 16 * (2 * step + lane / 16)"),
        new("Tokens_are_not_swizzled_on_the_way_out", Kernel, "WEIGHT_BYTES + swizzled<ROW_BYTES>(token, TOKENS == 8 ? 4 * step + lane / 8 : 2 * step + lane / 8 % 2)", "WEIGHT_BYTES + 128 * token + 16 * (TOKENS == 8 ? 4 * step + lane / 8 : 2 * step + lane / 8 % 2)"),
        new("Nothing_is_swizzled", "swizzle.cuh", "chunk ^ (row / LINE_ROWS % TURNS)", "chunk"),
        new("Tokens_and_columns_change_places", Kernel, "(TOKENS == 8 ? 0 : lane / 16 * 8)", "(TOKENS == 8 ? 0 : lane / 8 % 2 * 8)"),
        new("Sums_of_neighbouring_tokens_change_places", Sums, "four[2 * member + i % 2]", "four[2 * member + 1 - i % 2]"),
        new("Both_of_a_pair_are_the_first", Sums, "four[2 + i % 2]", "four[i % 2]"),
        new("Few_rows_are_summed_in_an_order_of_their_own", Kernel, "for (i32 step = 0; step < Operands::STEPS; step++)", "for (i32 step = TOKENS == 8 ? 0 : Operands::STEPS - 1; TOKENS == 8 ? step < Operands::STEPS : step >= 0; step += TOKENS == 8 ? 1 : -1)"),
        new("Splits_overlap", Kernel, "begin = all * split / p.splits", "begin = split > 0 ? all * split / p.splits - 1 : 0"),
        new("Fetches_while_the_last_tile_is_read", Kernel, "        __syncthreads();\n        if (ahead > 0)\n            fetcher.fetch(free_stage);", "        if (ahead > 0)\n            fetcher.fetch(free_stage);\n        __syncthreads();"),
        new("Splits_are_added_up_as_they_arrive", Sums, "partials[(split * FOURS", "partials[((blockIdx.z + split) % splits * FOURS"),
        new("A_split_is_forgotten", Sums, "split < splits; split++", "split < splits - 1; split++"),
        new("Factors_of_the_first_rows", Sums, "i32 of_tile = token + threadIdx.x / LANES;", "i32 of_tile = token + threadIdx.x / LANES % 4;"),
        new("Factor_of_the_row_before", Sums, "min(first_token + of_tile, p.pass.count - 1)", "max(first_token + of_tile - 1, 0)"),
        new("Factors_are_found_too_late", Kernel, "split == blockIdx.z", "split > blockIdx.z"),
        new("Scale_of_this_norm", "norm.cuh", "operand_scale(mean_square(norm.before,", "operand_scale(mean_square(norm.squares,"),
        new("Scale_is_the_square_itself", "norm.cuh", "- 127) >> 1", "- 127)"),
        new("Parts_of_a_norm_are_lost", "norm.cuh", "(columns + NORM_COLUMNS - 1) / NORM_COLUMNS", "max(1, columns / NORM_COLUMNS)"),
        new("Squares_over_the_last_stage", Sums, "    // squares[], a part of the ring, is free: everybody has its sums.\n    sync_sums();", ""),
        new("Squares_are_added_before_all_are_there", Sums, "    // squares[] is complete.\n    sync_sums();", ""),
        new("Squares_of_half_the_lanes", Sums, "for (i32 apart = 4; apart < LANES; apart *= 2)", "for (i32 apart = 8; apart < LANES; apart *= 2)"),
        new("Squares_of_the_first_16", Sums, "squares[first_row / 16 * TOKENS", "squares[0 * TOKENS"),
        new("Squares_of_seven_sixteenths", Sums, "sixteen < SIXTEENS", "sixteen < SIXTEENS - 1"),
        new("Squares_of_what_was_added", Epilogue, "        return x;\n", "        return sum;\n"),
        new("Norm_of_rows_that_are_not_wanted", Epilogue, "if (row >= p.first_normed)", "if (row >= 0)"),
        new("Norm_is_not_moved_up", Epilogue, "operand_at(row - p.first_normed, output", "operand_at(row, output"),
        new("Norm_without_the_scale", Epilogue, "x * weight * scale", "x * weight"),
        new("Counters_are_not_reset", "arrival.cuh", "inc.u32 %0, [%1], %2", "add.u32 %0, [%1], 1"),
        new("The_first_to_arrive_adds_up", "arrival.cuh", "before == count - 1", "before == 0"),
        new("Partials_are_not_released", "arrival.cuh", "atom.acq_rel.gpu", "atom.relaxed.gpu"),
        new("Arrives_before_its_threads", Sums, "    // All threads' partials are in the workspace.\n    sync_sums();", ""),
        new("Adds_up_before_it_knows", Sums, "    // is_last is written, and the others' partials are visible to all threads.\n    sync_sums();", ""),
        new("Partials_of_all_tiles_in_one_place", Sums, "(size_t)tile * splits * FOURS", "(size_t)0 * splits * FOURS"),
        new("Sum_replaces", Epilogue, "float x = y + sum;", "float x = sum;"),
        new("Gate_without_up", Epilogue, "gate * sigmoid * up", "gate * sigmoid"),
        new("Gate_and_up_change_places", Epilogue, "float gate, float up", "float up, float gate"),
        new("Sigmoid_of_the_absolute_value", Epilogue, "(gate < 0.0f ? e : 1.0f)", "1.0f"),
        new("Turned_the_other_way", Epilogue, "fmaf(a, c, -(b * s))", "fmaf(a, c, b * s)"),
        new("Pair_changes_places", Epilogue, "second = fmaf(b, c, a * s)", "second = fmaf(a, c, b * s)"),
        new("Position_of_the_node", Epilogue, "place.position * half", "(place.position + place.node) * half"),
        new("Position_without_the_prefix", Epilogue, "(size_t)place.position *", "(size_t)place.node *"),
        new("Values_are_turned", Epilogue, "if (head < p.heads + p.kv_heads)\n        {\n            size_t", "if (head < p.heads + 2 * p.kv_heads)\n        {\n            size_t"),
        new("Keys_and_values_change_places", Epilogue, "p.kv_heads ? p.keys : p.values", "p.kv_heads ? p.values : p.keys"),
        new("Cache_row_of_the_row", Epilogue, "p.capacity + place.cache_row)", "p.capacity + row)"),
        new("Cache_row_of_the_position", Epilogue, "p.capacity + place.cache_row)", "p.capacity + place.position)"),
        new("One_head_for_all_keys", Epilogue, "i32 kv_head = (head - p.heads) % p.kv_heads;", "i32 kv_head = 0;"),
    ];

    private static readonly Mutation[] HopperMutants =
    [
        new("Producer_does_not_wait_for_an_empty_stage", Hopper, "        mbarrier_wait(place.empty(), place.parity ^ 1);\n", ""),
        new("Producer_waits_for_the_wrong_parity", Hopper, "mbarrier_wait(place.empty(), place.parity ^ 1)", "mbarrier_wait(place.empty(), place.parity)"),
        new("Products_do_not_wait_for_a_full_stage", Hopper, "        mbarrier_wait(place.full, place.parity);\n", ""),
        new("Products_wait_for_the_wrong_parity", Hopper, "mbarrier_wait(place.full, place.parity);", "mbarrier_wait(place.full, place.parity ^ 1);"),
        new("Only_weights_are_expected", Hopper, "mbarrier_expect(place.full, STAGE_BYTES)", "mbarrier_expect(place.full, WEIGHT_BYTES)"),
        new("More_is_expected_than_comes", Hopper, "mbarrier_expect(place.full, STAGE_BYTES)", "mbarrier_expect(place.full, STAGE_BYTES + 16)"),
        new("Barriers_are_not_fenced", Hopper, "        fence_mbarriers();\n", ""),
        new("Barriers_are_used_at_once", Hopper, "    // Everybody sees the barriers.\n    __syncthreads();\n", ""),
        new("A_stage_is_empty_for_the_first_warp", Hopper, "mbarrier_init(place.empty(), WARPS)", "mbarrier_init(place.empty(), 1)"),
        new("Every_lane_releases_a_stage", Hopper, "    if (threadIdx.x % LANES == 0)\n        mbarrier_arrive", "    mbarrier_arrive"),
        new("A_stage_is_released_during_its_product", Hopper, "            release(before);\n        }", "            release(place.empty());\n        }"),
        new("A_stage_is_released_before_its_product_ends", Hopper, "            wgmma_wait<1>();\n", ""),
        new("The_last_stage_of_a_split_is_kept", Hopper, "    wgmma_wait(sums);\n    release(before);", "    wgmma_wait(sums);"),
        new("Sums_are_read_without_a_wait", "wgmma.cuh", "    wgmma_wait<0>();\n    keep(sums);", "    keep(sums);"),
        new("Sums_without_a_fence", "wgmma.cuh", "    asm volatile(\"wgmma.fence.sync.aligned;\" ::: \"memory\");\n", ""),
        new("A_split_is_added_to_the_last", Hopper, "tile > 0 || step > 0", "true"),
        new("Each_tile_begins_anew", Hopper, "tile > 0 || step > 0", "step > 0"),
        new("Columns_are_multiplied_by_their_neighbours", Hopper, "b + 2 * step, tile", "b + 2 * (step ^ 1), tile"),
        new("A_step_of_8_columns", Hopper, "a + 2 * step, b + 2 * step", "a + step, b + step"),
        new("Both_groups_have_the_first_outputs", Hopper, "threadIdx.x / GROUP_THREADS * GROUP_BYTES", "0"),
        new("Groups_of_rows_overlap", "wgmma.cuh", "GROUP_BYTES = 1024", "GROUP_BYTES = 512"),
        new("Operands_are_not_swizzled", "wgmma.cuh", "SWIZZLE_128 = 1", "SWIZZLE_128 = 0"),
        new("Weights_of_the_first_tile", Hopper, "band + (size_t)tile * BLOCK_ELEMENTS", "band"),
        new("Rows_of_the_first_tile", Hopper, "(size_t)tile * p.x_rows + first_token", "(size_t)tile * p.x_rows"),
        new("Columns_of_the_first_block", Hopper, "((size_t)tile * p.x_rows + first_token)", "first_token"),
        new("Ring_of_one_stage_more", Hopper, "if (stage == first_barrier())", "if (stage == first_barrier() + STAGE_BYTES)"),
        new("Consumers_never_change_parity", Hopper, "mbarrier_wait(place.full, place.parity);", "mbarrier_wait(place.full, 0);"),
        new("Splits_in_turn_are_one_long_sum", Hopper, "        sum_split(p, split, place, sums[0]);", "        sum_split(p, split, place, totals[0]);"),
        new("The_first_split_only", Hopper, "i32 begin = first_tile(p, blockIdx.z), end", "i32 begin = first_tile(p, 0), end"),
        new("Splits_in_turn_end_with_the_first", Hopper, "gridDim.z == 1 ? column_blocks(p.columns)", "gridDim.z == 0 ? column_blocks(p.columns)"),
        new("First_rows_of_all_stages_in_the_first", Hopper, "        copy_x(place, tile);\n    for", "        copy_x(first, tile);\n    for"),
        new("Barriers_of_full_and_empty_stages_overlap", Hopper, "return full + 8 * STAGES", "return full + 8 * (STAGES - 1)"),
    ];

    private static readonly Mutation[] TwinMutants =
    [
        new("Last_column_is_lost", Twin, "k < p.columns", "k < p.columns - 1"),
        new("One_output_too_many", Twin, "if (i >= ", "if (i > "),
        new("Second_of_the_next_pair", Twin, "dot(p, first + PAIRS_OF_TILE, row)", "dot(p, first + 1, row)"),
        new("Input_of_the_first_row", Twin, "operand_at(row, k, p.x_rows)", "operand_at(0, k, p.x_rows)"),
    ];

    [TestCaseSource(nameof(Mutants))]
    public void A_wrong_product_is_found(Mutation mutation) => Assert.That(IsFound(mutation, MatMulChecks.All));

    [TestCaseSource(nameof(HopperMutants))]
    public void A_wrong_product_of_Hopper_is_found(Mutation mutation) => Assert.That(IsFound(mutation, MatMulChecks.All, MatMulSource.Hopper));

    [TestCaseSource(nameof(TwinMutants))]
    public void A_wrong_twin_is_found(Mutation mutation) => Assert.That(IsFound(mutation, MatMulChecks.Twin));

    /// <summary>The checks themselves let sound kernels pass.</summary>
    [Test]
    public void Sound_products_pass() => Assert.That((IsFound(null, MatMulChecks.All), IsFound(null, MatMulChecks.All, MatMulSource.Hopper), IsFound(null, MatMulChecks.Twin)), Is.EqualTo((false, false, false)));

    private static bool IsFound(Mutation? mutation, Action<KernelLaunchers> checks, MatMulSource products = MatMulSource.TensorCores)
    {
        using KernelLaunchers kernels = TestGpu.With(mutation, products);
        return TestGpu.IsFound(() => checks(kernels));
    }
}
