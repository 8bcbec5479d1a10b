// A row's distribution, found by a whole block (TokenDistribution.FromLogits): the largest score, the thresholds of top-k and top-p, the sums.
#pragma once
#include "block_reduce.cuh"
#include "distribution.cuh"
#include "mass_threshold.cuh"
#include "share.cuh"

// Shared memory that a block's passes over a row share, one after the other: bins of a histogram, or sums of tiles. The host gives
// max(8 BINS, 8 tree_size(tiles)) bytes.
union RowScratch
{
    Histogram histogram;
    float tile_sum[2 * BINS];
};

// The largest logit of a share of the row; NaN if one is. All threads of the block get it.
__device__ inline float largest_logit(const float* __restrict__ logits, i32 vocabulary, Share share)
{
    float largest = -infinity();
    bool is_nan = false;
    for (i32 index = threadIdx.x; index < share.quads(vocabulary); index += blockDim.x)
    {
        Quad logit = load_quad(logits, 4 * share.quad(index), vocabulary);
        for (i32 part = 0; part < 4; part++)
        {
            is_nan |= logit.of[part] != logit.of[part];
            largest = Largest::of(largest, logit.of[part]);
        }
    }
    largest = block_reduce<Largest>(largest, -infinity());
    return __syncthreads_or(is_nan) ? not_a_number() : largest;
}

// Sum of value_of(logit) over a share of the row, in the fixed order. Scratch is free on entry and reusable after the next barrier.
template <typename Value>
__device__ float row_sum(const float* __restrict__ logits, i32 vocabulary, Share share, Value value_of, float* tile_sum)
{
    i32 tiles = share.tiles(vocabulary);
    for (i32 index = threadIdx.x; index < tiles; index += blockDim.x)
    {
        i32 tile = share.tile(index);
        float sum = 0.0f;
        for (i32 tok = tile * TILE_TOKENS; tok < (tile + 1) * TILE_TOKENS && tok < vocabulary; tok += 4)
        {
            Quad logit = load_quad(logits, tok, vocabulary);
            for (i32 part = 0; part < 4; part++)
                sum += value_of(logit.of[part]);
        }
        tile_sum[index] = sum;
    }
    return tree_over_tiles(tile_sum, tiles);
}

// A scale without thresholds and sums, from the row's largest logit.
__device__ inline RowScale scale_from(float largest_logit, const SamplingSettings& sampling)
{
    float inverse = 1.0f / sampling.temperature;
    // Rounding keeps order, so this is the largest of all z.
    return {inverse, largest_logit * inverse, 0.0f, 1.0f, 0.0f, 1.0f};
}

// False if a logit is NaN or none is finite: then there is no distribution.
__device__ inline bool has_distribution(const RowScale& scale) { return scale.max > -infinity() && scale.max < infinity(); }

// Adds the thresholds and the sums.
__device__ inline void complete_scale(const float* __restrict__ logits, i32 vocabulary, const SamplingSettings& sampling, RowScratch* scratch, RowScale& scale)
{
    if (keeps_count(sampling, vocabulary))
        scale.count_floor = mass_threshold(
            logits, vocabulary, [&](float logit) { return weight_of(logit, scale); }, sampling.top_k, true, scratch->histogram);
    scale.inverse_sum = 1.0f / row_sum(logits, vocabulary, WHOLE_ROW, [&](float logit) { return weight_of(logit, scale); }, scratch->tile_sum);
    if (!keeps_mass(sampling))
        return;
    // tile_sum[] becomes histogram[].
    __syncthreads();
    scale.mass_floor = mass_threshold(
        logits, vocabulary, [&](float logit) { return probability(logit, scale); }, sampling.top_p_mass, false, scratch->histogram);
    scale.inverse_kept = 1.0f / row_sum(logits, vocabulary, WHOLE_ROW, [&](float logit) { return probability(logit, scale); }, scratch->tile_sum);
}

// False if there is no distribution.
__device__ inline bool find_row_scale(
    const float* __restrict__ logits, i32 vocabulary, const SamplingSettings& sampling, RowScratch* scratch, RowScale& scale)
{
    scale = scale_from(largest_logit(logits, vocabulary, WHOLE_ROW), sampling);
    if (!has_distribution(scale))
        return false;
    complete_scale(logits, vocabulary, sampling, scratch, scale);
    return true;
}
