using Sequoia.Native.Backends.Cuda.Checks;

namespace Sequoia.Kernels.Tests.Linear;

/// <summary>Bugs put into the linear layers by hand: the same checks that pass on the sources must fail on each.</summary>
internal sealed class MatMulMutantTests : CudaFixture
{
    private const string Kernel = "matmul.cu", Twin = "matmul_scalar.cu", Epilogue = "epilogue.cuh";

    private static readonly Mutation[] Mutants =
    [
        new("Ring_without_barriers", Kernel, "        __syncthreads();\n        fetch_stage", "        fetch_stage"),
        new("Next_split_overwrites_the_last", Kernel, "    // All stages are free: everybody has the last split's sums.\n    __syncthreads();", ""),
        new("Splits_in_turn_are_one_long_sum", Kernel, "sum_split(p, split, first_row, stored_rows, first_token, sums);", "sum_split(p, split, first_row, stored_rows, first_token, totals);"),
        new("Stage_read_without_a_wait", Kernel, "        cp_async_wait<STAGES - 2>();\n", ""),
        new("Waits_for_one_group_too_few", Kernel, "cp_async_wait<STAGES - 2>", "cp_async_wait<STAGES - 1>"),
        new("Nothing_is_no_group", Kernel, "        }\n        // Also of nothing, so that the newest STAGES - 2 groups are always those of tiles ahead.\n        cp_async_commit();", "        cp_async_commit();\n        }"),
        new("One_row_too_many_is_read", Kernel, "begin < rows ? bytes", "begin <= rows ? bytes"),
        new("Padding_of_columns_is_read", Kernel, "bytes < 16 ? bytes : 16", "16"),
        new("Last_columns_are_lost", Kernel, "(p.columns + TILE_K - 1) / TILE_K", "p.columns / TILE_K"),
        new("One_tile_too_many_is_read", Kernel, "if (tile < count)", "if (tile <= count)"),
        new("One_output_too_many", Kernel, "output >= outputs", "output > outputs"),
        new("One_token_too_many", Kernel, "token >= p.pass.count", "token > p.pass.count"),
        new("Last_token_is_lost", Kernel, "token >= p.pass.count", "token >= p.pass.count - 1"),
        new("Last_pairs_are_lost", Kernel, "(p.outputs / 2 + PAIRS_OF_TILE - 1) / PAIRS_OF_TILE", "p.outputs / 2 / PAIRS_OF_TILE"),
        new("Weights_are_not_swizzled_on_the_way_out", Kernel, "weight + swizzled(WARP_ROWS * warp + lane % WARP_ROWS, chunk + 2 * half + lane / WARP_ROWS)", "weight + 128 * (WARP_ROWS * warp + lane % WARP_ROWS) + 16 * (chunk + 2 * half + lane / WARP_ROWS)"),
        new("Tokens_are_not_swizzled_on_the_way_out", Kernel, "x + swizzled(lane % 8, chunk + lane / 8)", "x + 128 * (lane % 8) + 16 * (chunk + lane / 8)"),
        new("Nothing_is_swizzled", "swizzle.cuh", "chunk ^ (row / LINE_ROWS % TURNS)", "chunk"),
        new("Tokens_and_columns_change_places", Kernel, "8 * tile + lane / 16 * 8 + lane % 8, chunk + 2 * half + lane / 8 % 2", "8 * tile + lane / 8 % 2 * 8 + lane % 8, chunk + 2 * half + lane / 16"),
        new("Sums_of_neighbouring_tokens_change_places", Kernel, "sums[i / 2][2 * member + i % 2]", "sums[i / 2][2 * member + 1 - i % 2]"),
        new("Both_of_a_pair_are_the_first", Kernel, "sums[i / 2][2 + i % 2]", "sums[i / 2][i % 2]"),
        new("Few_rows_are_summed_in_an_order_of_their_own", Kernel, "sums[0], a[0], b[0], b[1]);\n            mma_m16n8k16<ELEMENT>(sums[0], a[1], b[2], b[3]);", "sums[0], a[1], b[2], b[3]);\n            mma_m16n8k16<ELEMENT>(sums[0], a[0], b[0], b[1]);"),
        new("Splits_overlap", Kernel, "begin = all * split / p.splits", "begin = split > 0 ? all * split / p.splits - 1 : 0"),
        new("Fetches_while_the_last_tile_is_read", Kernel, "        __syncthreads();\n        fetch_stage(tile + STAGES - 1);", "        fetch_stage(tile + STAGES - 1);\n        __syncthreads();"),
        new("Splits_are_added_up_as_they_arrive", Kernel, "__ldcg(partials + (split * TOKEN_TILES", "__ldcg(partials + ((blockIdx.z + split) % splits * TOKEN_TILES"),
        new("A_split_is_forgotten", Kernel, "split < splits; split++", "split < splits - 1; split++"),
        new("Counters_are_not_reset", Kernel, "atomicInc(p.arrived + tile, splits - 1)", "atomicAdd(p.arrived + tile, 1u)"),
        new("The_first_to_arrive_adds_up", Kernel, "== splits - 1;", "== 0;"),
        new("Partials_are_not_fenced", Kernel, "    // These partials are visible before this CTA counts as arrived.\n    __threadfence();", ""),
        new("Arrives_before_its_threads", Kernel, "    // All threads' partials are.\n    __syncthreads();", ""),
        new("Partials_of_all_tiles_in_one_place", Kernel, "(size_t)tile * splits * TOKEN_TILES", "(size_t)0 * splits * TOKEN_TILES"),
        new("Sum_replaces", Epilogue, "[(size_t)row * stride] += sum", "[(size_t)row * stride] = sum"),
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

    private static readonly Mutation[] TwinMutants =
    [
        new("Last_column_is_lost", Twin, "k < columns", "k < columns - 1"),
        new("One_output_too_many", Twin, "if (i >= ", "if (i > "),
        new("Second_of_the_next_pair", Twin, "(size_t)PAIRS_OF_TILE * p.weight_stride", "(size_t)p.weight_stride"),
        new("Input_of_the_first_row", Twin, "(size_t)row * p.x_stride", "(size_t)0 * p.x_stride"),
    ];

    [TestCaseSource(nameof(Mutants))]
    public void A_wrong_product_is_found(Mutation mutation) => Assert.That(IsFound(mutation, MatMulChecks.All));

    [TestCaseSource(nameof(TwinMutants))]
    public void A_wrong_twin_is_found(Mutation mutation) => Assert.That(IsFound(mutation, MatMulChecks.Twin));

    /// <summary>The checks themselves let sound kernels pass.</summary>
    [Test]
    public void Sound_products_pass() => Assert.That((IsFound(null, MatMulChecks.All), IsFound(null, MatMulChecks.Twin)), Is.EqualTo((false, false)));

    private static bool IsFound(Mutation? mutation, Action<KernelLaunchers> checks)
    {
        using KernelLaunchers kernels = TestGpu.With(mutation);
        return TestGpu.IsFound(() => checks(kernels));
    }
}
