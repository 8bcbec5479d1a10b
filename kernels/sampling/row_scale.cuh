// A row's distribution, found by a whole block (TokenDistribution.FromLogits): the largest score, the thresholds of top-k and top-p, the sums.
#pragma once
#include "block_reduce.cuh"
#include "distribution.cuh"
#include "mass_threshold.cuh"
#include "tiled_sum.cuh"

// Shared memory that a block's passes over a row share, one after the other: bins of a histogram, or sums of tiles. The host gives
// max(8 BINS, 8 tree_size(tiles)) bytes.
union RowScratch
{
    Histogram histogram;
    float tile_sum[2 * BINS];
};

// Sum of value_of(logit) over the row, in the fixed order. Scratch is free on entry and reusable after the next barrier.
template <typename Value>
__device__ float row_sum(const float* __restrict__ logits, i32 vocabulary, Value value_of, float* tile_sum)
{
    i32 tiles = tiles_of(vocabulary);
    for (i32 tile = threadIdx.x; tile < tiles; tile += blockDim.x)
    {
        float sum = 0.0f;
        for (i32 tok = tile * TILE_TOKENS; tok < (tile + 1) * TILE_TOKENS && tok < vocabulary; tok += 4)
        {
            Quad logit = load_quad(logits, tok, vocabulary);
            for (i32 part = 0; part < 4; part++)
                sum += value_of(logit.of[part]);
        }
        tile_sum[tile] = sum;
    }
    return tree_over_tiles(tile_sum, tiles);
}

// False if a logit is NaN or none is finite: then there is no distribution.
__device__ inline bool find_row_scale(
    const float* __restrict__ logits, i32 vocabulary, const SamplingSettings& sampling, RowScratch* scratch, RowScale& scale)
{
    scale = {1.0f / sampling.temperature, -infinity(), 0.0f, 1.0f, 0.0f, 1.0f};
    bool is_nan = false;
    for (i32 quad = threadIdx.x; quad < quads_of(vocabulary); quad += blockDim.x)
    {
        Quad logit = load_quad(logits, 4 * quad, vocabulary);
        for (i32 part = 0; part < 4; part++)
        {
            float score = logit.of[part] * scale.inverse_temperature;
            is_nan |= score != score;
            scale.max = Largest::of(scale.max, score);
        }
    }
    scale.max = block_reduce<Largest>(scale.max, -infinity());
    if (__syncthreads_or(is_nan) || !(scale.max > -infinity() && scale.max < infinity()))
        return false;

    if (sampling.top_k > 0 && sampling.top_k < vocabulary)
        scale.count_floor = mass_threshold(
            logits, vocabulary, [&](float logit) { return weight_of(logit, scale); }, sampling.top_k, true, scratch->histogram);
    scale.inverse_sum = 1.0f / row_sum(logits, vocabulary, [&](float logit) { return weight_of(logit, scale); }, scratch->tile_sum);
    if (sampling.top_p_mass == 0)
        return true;
    // tile_sum[] becomes histogram[].
    __syncthreads();
    scale.mass_floor = mass_threshold(
        logits, vocabulary, [&](float logit) { return probability(logit, scale); }, sampling.top_p_mass, false, scratch->histogram);
    scale.inverse_kept = 1.0f / row_sum(logits, vocabulary, [&](float logit) { return probability(logit, scale); }, scratch->tile_sum);
    return true;
}
