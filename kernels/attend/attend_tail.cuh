// Scores and weights of a row's tail, in fp32; how its keys and values come to shared memory.
#pragma once
#include "attend_block.cuh"
#include "softmax_state.cuh"

// Begins to copy rows of the cache, a group of copies, to where place(key, chunk) says.
template <typename Place> __device__ void fetch_tail(const ELEMENT* plane, const i32* cache_rows, i32 keys, Place place)
{
    for (i32 item = threadIdx.x; item < keys * ROW_CHUNKS; item += THREADS)
    {
        i32 key = item / ROW_CHUNKS, chunk = item % ROW_CHUNKS;
        cp_async_16(place(key, chunk), plane + (u64)cache_rows[key] * HEAD_DIM + chunk * 8, 16);
    }
    cp_async_commit();
}

// Heads whose scores a warp computes together: a key is read and widened once for all of them, and their sums do not wait for each other.
constexpr i32 HEADS_AT_ONCE = 4;

// Products of some heads' queries, HEAD_DIM apart, with a key of the tail, dimensions ascending.
__device__ inline void tail_scores(float (&scores)[HEADS_AT_ONCE], const float* queries, i32 heads, const unsigned char* keys, i32 key)
{
    for (i32 chunk = 0; chunk < ROW_CHUNKS; chunk++)
    {
        uint4 of_key = *reinterpret_cast<const uint4*>(keys + swizzled<ROW_BYTES>(key, chunk));
        u32 pairs[4] = {of_key.x, of_key.y, of_key.z, of_key.w};
#pragma unroll
        for (i32 head = 0; head < HEADS_AT_ONCE; head++)
        {
            if (head >= heads)
                break;
            const float* of_query = queries + head * HEAD_DIM + 8 * chunk;
#pragma unroll
            for (i32 pair = 0; pair < 4; pair++)
            {
                scores[head] = fmaf(of_query[2 * pair], low_of(pairs[pair]), scores[head]);
                scores[head] = fmaf(of_query[2 * pair + 1], high_of(pairs[pair]), scores[head]);
            }
        }
    }
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
