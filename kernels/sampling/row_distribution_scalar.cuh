// A row's distribution by one thread with the row in memory, for the slow twins: plain loops where the kernels have radix walks and block sums.
#pragma once
#include "distribution.cuh"
#include "philox.cuh"
#include "tiled_sum.cuh"

// Floats of workspace a row needs for its sums.
__device__ inline i32 scalar_sum_room(i32 vocabulary) { return tree_size(tiles_of(vocabulary)); }

__device__ inline float scalar_sum(const float* x, i32 vocabulary, float* tile_sum)
{
    i32 tiles = tiles_of(vocabulary), size = tree_size(tiles);
    for (i32 tile = 0; tile < size; tile++)
    {
        tile_sum[tile] = 0.0f;
        for (i32 tok = tile * TILE_TOKENS; tok < (tile + 1) * TILE_TOKENS && tok < vocabulary; tok++)
            tile_sum[tile] += x[tok];
    }
    for (i32 half = size / 2; half > 0; half /= 2)
    {
        for (i32 tile = 0; tile < half; tile++)
            tile_sum[tile] += tile_sum[tile + half];
    }
    return tile_sum[0];
}

// The largest threshold that reaches the target, bit by bit from the top.
__device__ inline float scalar_threshold(const float* p, i32 vocabulary, u64 target, bool by_count)
{
    u32 threshold = 0;
    for (i32 bit = 30; bit >= 0; bit--)
    {
        u32 candidate = threshold | (1u << bit);
        u64 mass = 0;
        for (i32 tok = 0; tok < vocabulary; tok++)
        {
            if (__float_as_uint(p[tok]) >= candidate)
                mass += by_count ? 1 : __float2ull_rz(p[tok] * 4503599627370496.0f);
        }
        threshold = mass >= target ? candidate : threshold;
    }
    return __uint_as_float(threshold);
}

__device__ inline void scalar_zero_below(float* p, i32 vocabulary, float threshold)
{
    for (i32 tok = 0; tok < vocabulary; tok++)
        p[tok] = p[tok] < threshold ? 0.0f : p[tok];
}

__device__ inline void scalar_scale(float* p, i32 vocabulary, float factor)
{
    for (i32 tok = 0; tok < vocabulary; tok++)
        p[tok] *= factor;
}

// Fills p. False if a logit is NaN or none is finite.
__device__ inline bool scalar_row_distribution(
    const float* logits, i32 vocabulary, const SamplingSettings& sampling, float* p, float* tile_sum, RowScale& scale)
{
    scale = {1.0f / sampling.temperature, -infinity(), 0.0f, 1.0f, 0.0f, 1.0f};
    for (i32 tok = 0; tok < vocabulary; tok++)
    {
        p[tok] = logits[tok] * scale.inverse_temperature;
        if (p[tok] != p[tok] || p[tok] == infinity())
            return false;
        scale.max = p[tok] > scale.max ? p[tok] : scale.max;
    }
    if (scale.max == -infinity())
        return false;
    for (i32 tok = 0; tok < vocabulary; tok++)
        p[tok] = exact_exp(p[tok] - scale.max);
    if (keeps_count(sampling, vocabulary))
    {
        scale.count_floor = scalar_threshold(p, vocabulary, sampling.top_k, true);
        scalar_zero_below(p, vocabulary, scale.count_floor);
    }
    scale.inverse_sum = 1.0f / scalar_sum(p, vocabulary, tile_sum);
    scalar_scale(p, vocabulary, scale.inverse_sum);
    if (!keeps_mass(sampling))
        return true;
    scale.mass_floor = scalar_threshold(p, vocabulary, sampling.top_p_mass, false);
    scalar_zero_below(p, vocabulary, scale.mass_floor);
    scale.inverse_kept = 1.0f / scalar_sum(p, vocabulary, tile_sum);
    scalar_scale(p, vocabulary, scale.inverse_kept);
    return true;
}

// The first of the largest logits; -1 if one is NaN or none is above -infinity.
__device__ inline i32 scalar_argmax(const float* logits, i32 vocabulary)
{
    i32 best = -1;
    for (i32 tok = 0; tok < vocabulary; tok++)
    {
        if (logits[tok] != logits[tok])
            return -1;
        if (logits[tok] > (best < 0 ? -infinity() : logits[best]))
            best = tok;
    }
    return best;
}

__device__ inline float scalar_exponential(RandomStream stream, i32 tok)
{
    return negative_log1m(uniform_of(RandomQuad(stream, tok / 4).of[tok % 4]));
}

// The first arrival of the race; -1 if no weight is positive.
__device__ inline i32 scalar_race(const float* weights, i32 vocabulary, RandomStream stream)
{
    float first = infinity();
    i32 winner = -1;
    for (i32 tok = 0; tok < vocabulary; tok++)
    {
        float time = weights[tok] > 0.0f ? scalar_exponential(stream, tok) / weights[tok] : infinity();
        if (time < first)
            first = time, winner = tok;
    }
    return winner;
}
