// Scores and weights of a row's tail, in fp32.
#pragma once
#include "attend_block.cuh"
#include "softmax_state.cuh"

// A query's product with a key of the tail, dimensions ascending.
__device__ inline float tail_score(const float* query, const unsigned char* keys, i32 key)
{
    float score = 0.0f;
    for (i32 chunk = 0; chunk < ROW_CHUNKS; chunk++)
    {
        uint4 of_key = *reinterpret_cast<const uint4*>(keys + swizzled<ROW_BYTES>(key, chunk));
        u32 pairs[4] = {of_key.x, of_key.y, of_key.z, of_key.w};
        const float* of_query = query + 8 * chunk;
#pragma unroll
        for (i32 pair = 0; pair < 4; pair++)
        {
            score = fmaf(of_query[2 * pair], low_of(pairs[pair]), score);
            score = fmaf(of_query[2 * pair + 1], high_of(pairs[pair]), score);
        }
    }
    return score;
}

// A warp turns the scores of one head into weights. Their sum: each lane its keys in order, then a tree over the lanes; keys count from the
// first of the tail, and those that it lacks weigh 0.
__device__ inline Mass weigh_tail(float* weights, i32 keys)
{
    i32 lane = threadIdx.x % LANES;
    Mass mass = {-infinity(), 0.0f};
    for (i32 key = lane; key < keys; key += LANES)
        mass.max = fmaxf(mass.max, weights[key]);
    for (i32 apart = LANES / 2; apart > 0; apart /= 2)
        mass.max = fmaxf(mass.max, __shfl_xor_sync(WARP, mass.max, apart));
    float base = base_of(mass.max);
    for (i32 key = lane; key < keys; key += LANES)
        mass.sum += weights[key] = exp2_approx(weights[key] - base);
    for (i32 apart = LANES / 2; apart > 0; apart /= 2)
        mass.sum += __shfl_xor_sync(WARP, mass.sum, apart);
    return mass;
}
