// One warp, up to 16 queries and one tile of 64 keys: scores, weights, weighted sums of values, all by tensor cores.
//
// Everything here is about one tile alone, so its bits do not depend on who computes it or what comes before and after. Lane l has queries
// l / 4 and l / 4 + 8 of the warp's 16, by the layout of mma.cuh.
#pragma once
#include "attend_block.cuh"
#include "mma.cuh"
#include "softmax_state.cuh"

constexpr i32 TILE_SLABS = TILE_KEYS / SLAB_KEYS;
constexpr i32 TILE_BYTES = TILE_KEYS * ROW_BYTES;
constexpr i32 SLAB_BYTES = SLAB_KEYS * ROW_BYTES;
constexpr i32 WARP_ROWS = 16;

// 16 queries as left operands.
struct QueryFragments
{
    u32 of[HEAD_DIM / 16][4];
};

// Straight from memory to registers. halves: 1 if the warp has at most 8 rows, and so only the first of each lane's two; 0 if it has none.
__device__ inline QueryFragments load_queries(const ELEMENT* const (&rows)[2], i32 halves)
{
    QueryFragments q = {};
    i32 column = threadIdx.x % 4 * 2;
#pragma unroll
    for (i32 half = 0; half < 2; half++)
    {
        if (half >= halves)
            break;
        const u32* row = reinterpret_cast<const u32*>(rows[half] + column);
#pragma unroll
        for (i32 eight = 0; eight < HEAD_DIM / 8; eight++)
            q.of[eight / 2][eight % 2 * 2 + half] = row[4 * eight];
    }
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
    // Two chunks further are the chunk's number XORed with an even one.
    u32 first = kept(swizzled<ROW_BYTES>(lane % 8 + lane / 16 * 8, lane / 8 % 2));
#pragma unroll
    for (i32 step = 0; step < HEAD_DIM / 16; step++)
    {
        u32 key[4];
        ldmatrix_x4(key, keys + slab * SLAB_BYTES + (first ^ 32 * step));
        mma_m16n8k16<ELEMENT>(scores.of[2 * slab], q.of[step], key[0], key[1]);
        mma_m16n8k16<ELEMENT>(scores.of[2 * slab + 1], q.of[step], key[2], key[3]);
    }
}

// Weights relative to the tile's largest score, as left operands.
struct TileWeights
{
    u32 of[TILE_SLABS][4];
};

// Scores of some slabs become weights. bound: how many of the tile's keys the lane's two queries have; the others weigh nothing.
// A sum of weights is taken before they are rounded: each lane its 16 in the order of keys, then lanes 1 and 2 apart.
__device__ inline TileWeights weigh(TileScores& scores, i32 slabs, const i32 (&bound)[2], i32 halves, float scale, Mass (&mass)[2])
{
    TileWeights weights = {};
    mass[0] = mass[1] = no_mass();
#pragma unroll
    for (i32 half = 0; half < 2; half++)
    {
        if (half >= halves)
            break;
        float max = -infinity(), sum = 0.0f;
        // Of this lane's first key.
        i32 left = bound[half] - threadIdx.x % 4 * 2;
#pragma unroll
        for (i32 slab = 0; slab < TILE_SLABS; slab++)
        {
            if (slab >= slabs)
                break;
#pragma unroll
            for (i32 i = 0; i < 4; i++)
            {
                float& score = scores.of[2 * slab + i / 2][2 * half + i % 2];
                score = SLAB_KEYS * slab + i / 2 * 8 + i % 2 < left ? score : -infinity();
                max = fmaxf(max, score);
            }
        }
        max = fmaxf(max, __shfl_xor_sync(WARP, max, 1));
        max = fmaxf(max, __shfl_xor_sync(WARP, max, 2));
        max = fmaxf(max * scale, LEAST_SCORE);
#pragma unroll
        for (i32 slab = 0; slab < TILE_SLABS; slab++)
        {
            if (slab >= slabs)
                break;
#pragma unroll
            for (i32 eight = 0; eight < 2; eight++)
            {
                const float(&of)[4] = scores.of[2 * slab + eight];
                float even = exp2_approx(fmaf(of[2 * half], scale, -max)), odd = exp2_approx(fmaf(of[2 * half + 1], scale, -max));
                sum += even;
                sum += odd;
                weights.of[slab][2 * eight + half] = packed<ELEMENT>(even, odd);
            }
        }
        sum += __shfl_xor_sync(WARP, sum, 1);
        sum += __shfl_xor_sync(WARP, sum, 2);
        mass[half] = {max, sum};
    }
    return weights;
}

// Sums of weight x value of 8 dimensions each, by the layout of mma.cuh.
using ValueSums = float[HEAD_DIM / 8][4];

// Adds the 16 values of a slab.
__device__ inline void add_slab_values(ValueSums& sums, i32 slab, const TileWeights& weights, u32 values)
{
    i32 lane = threadIdx.x % LANES;
    u32 first = kept(swizzled<ROW_BYTES>(lane % 16, lane / 16));
#pragma unroll
    for (i32 block = 0; block < HEAD_DIM / 16; block++)
    {
        u32 value[4];
        ldmatrix_x4_trans(value, values + slab * SLAB_BYTES + (first ^ 32 * block));
        mma_m16n8k16<ELEMENT>(sums[2 * block], weights.of[slab], value[0], value[1]);
        mma_m16n8k16<ELEMENT>(sums[2 * block + 1], weights.of[slab], value[2], value[3]);
    }
}
