// A token with probability proportional to its weight: the first to arrive in an exponential race (VocabularyKernels.FirstArrival).
#pragma once
#include "philox.cuh"
#include "quad.cuh"

constexpr u64 NOBODY = ~0ull;

// The earlier of `first` and this token's arrival, as (time, token) packed so that the smaller key is earlier, ties to the lower token.
__device__ inline u64 earlier(u64 first, float weight, u32 r, i32 tok)
{
    float u = uniform_of(r);
    float first_time = first == NOBODY ? infinity() : __uint_as_float((u32)(first >> 32));
    // Earlier than the first needs E < first * weight, and E >= u: nearly all tokens are out before any logarithm. The margin covers
    // rounding. Zero weights (infinity times zero at the start) never pass.
    if (!(weight * (1.01f * first_time) > u))
        return first;
    float time = negative_log1m(u) / weight;
    u64 key = ((u64)__float_as_uint(time) << 32) | (u32)tok;
    return time < infinity() && key < first ? key : first;
}
