// One warp, 16 queries and one tile of 64 sealed keys: scores, weights, weighted sums of values, all by tensor cores.
//
// Everything here is about one tile alone, so its bits do not depend on who computes it or what comes before and after. Lane l has queries
// l / 4 and l / 4 + 8 of the warp's 16, by the layout of mma.cuh.
#pragma once
#include "attend_block.cuh"
#include "mma.cuh"
#include "softmax_state.cuh"

constexpr i32 TILE_KEYS = 64;
constexpr i32 TILE_SLABS = TILE_KEYS / SLAB_KEYS;
constexpr i32 TILE_BYTES = TILE_KEYS * ROW_BYTES;
constexpr i32 SLAB_BYTES = SLAB_KEYS * ROW_BYTES;
constexpr i32 WARP_ROWS = 16;

// 16 queries as left operands.
struct QueryFragments
{
    u32 of[HEAD_DIM / 16][4];
};

__device__ inline QueryFragments load_queries(u32 queries)
{
    QueryFragments q;
    i32 lane = threadIdx.x % LANES;
#pragma unroll
    for (i32 step = 0; step < HEAD_DIM / 16; step++)
        ldmatrix_x4(q.of[step], queries + swizzled<ROW_BYTES>(lane % 16, 2 * step + lane / 16));
    return q;
}

struct TileScores
{
    float of[TILE_KEYS / 8][4];
};

// Products with the 16 keys of a slab, dimensions ascending in steps of 16.
__device__ inline void add_slab_scores(TileScores& scores, i32 slab, const QueryFragments& q, u32 keys)
{
    i32 lane = threadIdx.x % LANES;
#pragma unroll
    for (i32 step = 0; step < HEAD_DIM / 16; step++)
    {
        u32 key[4];
        ldmatrix_x4(key, keys + slab * SLAB_BYTES + swizzled<ROW_BYTES>(lane % 8 + lane / 16 * 8, 2 * step + lane / 8 % 2));
        mma_m16n8k16<ELEMENT>(scores.of[2 * slab], q.of[step], key[0], key[1]);
        mma_m16n8k16<ELEMENT>(scores.of[2 * slab + 1], q.of[step], key[2], key[3]);
    }
}

// Weights relative to the tile's largest score, as left operands.
struct TileWeights
{
    u32 of[TILE_SLABS][4];
};

// Scores become weights. bound: how many of the tile's keys the lane's two queries have, a multiple of 16; the others weigh nothing.
// A sum of weights is taken before they are rounded: each lane its 16 in the order of keys, then lanes 1 and 2 apart.
__device__ inline TileWeights weigh(TileScores& scores, const i32 (&bound)[2], float scale, Mass (&mass)[2])
{
    TileWeights weights;
#pragma unroll
    for (i32 half = 0; half < 2; half++)
    {
        float max = -infinity(), sum = 0.0f;
#pragma unroll
        for (i32 key = 0; key < TILE_KEYS / 8; key++)
        {
#pragma unroll
            for (i32 part = 2 * half; part < 2 * half + 2; part++)
            {
                scores.of[key][part] = key / 2 * SLAB_KEYS < bound[half] ? scores.of[key][part] * scale : -infinity();
                max = fmaxf(max, scores.of[key][part]);
            }
        }
        max = fmaxf(max, __shfl_xor_sync(WARP, max, 1));
        max = fmaxf(max, __shfl_xor_sync(WARP, max, 2));
        float base = base_of(max);
#pragma unroll
        for (i32 key = 0; key < TILE_KEYS / 8; key++)
        {
            float even = exp2_approx(scores.of[key][2 * half] - base), odd = exp2_approx(scores.of[key][2 * half + 1] - base);
            sum += even;
            sum += odd;
            weights.of[key / 2][key % 2 * 2 + half] = packed<ELEMENT>(even, odd);
        }
        sum += __shfl_xor_sync(WARP, sum, 1);
        sum += __shfl_xor_sync(WARP, sum, 2);
        mass[half] = {max, sum};
    }
    return weights;
}

// Sums of weight x value of 16 dimensions, slabs ascending. Those from `slabs` on are not in memory and weigh nothing.
__device__ inline void value_sums(float (&sums)[2][4], const TileWeights& weights, i32 slabs, i32 block, u32 values)
{
    i32 lane = threadIdx.x % LANES;
#pragma unroll
    for (i32 slab = 0; slab < TILE_SLABS; slab++)
    {
        if (slab >= slabs)
            break;
        u32 value[4];
        ldmatrix_x4_trans(value, values + slab * SLAB_BYTES + swizzled<ROW_BYTES>(lane % 16, 2 * block + lane / 16));
        mma_m16n8k16<ELEMENT>(sums[0], weights.of[slab], value[0], value[1]);
        mma_m16n8k16<ELEMENT>(sums[1], weights.of[slab], value[2], value[3]);
    }
}
