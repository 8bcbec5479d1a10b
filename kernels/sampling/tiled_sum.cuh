// The sum over a vocabulary row in the one order that every device uses (TiledSum.cs): tiles of 64 tokens, in order inside a tile, then a
// halving tree over the tiles (zero-padded to a power of two). One thread adds up a tile, so the order costs no shuffles.
#pragma once
#include "types.cuh"

constexpr i32 TILE_TOKENS = 64;

__device__ inline i32 tiles_of(i32 vocabulary) { return (vocabulary + TILE_TOKENS - 1) / TILE_TOKENS; }

// Room that tree_over_tiles needs: a power of two.
__device__ inline i32 tree_size(i32 tiles) { return tiles <= 1 ? 1 : 1 << (32 - __clz(tiles - 1)); }

// The tree over a warp's lanes, its last levels: lane i with i + 16, then 8, 4, 2, 1 apart. Every lane gets the sum.
__device__ inline float tree_over_lanes(float sum)
{
    for (i32 half = LANES / 2; half > 0; half /= 2)
        sum += __shfl_down_sync(WARP, sum, half);
    return __shfl_sync(WARP, sum, 0);
}

// Adds up tile_sum[0 .. tiles), shared memory of tree_size(tiles) floats that this block's threads have just written. Every thread gets
// the sum. tile_sum[] is overwritten, and may be reused after the next barrier.
__device__ inline float tree_over_tiles(float* tile_sum, i32 tiles)
{
    i32 size = tree_size(tiles);
    for (i32 tile = tiles + threadIdx.x; tile < size; tile += blockDim.x)
        tile_sum[tile] = 0.0f;
    // tile_sum[] is complete.
    __syncthreads();
    for (i32 half = size / 2; half >= LANES; half /= 2)
    {
        for (i32 tile = threadIdx.x; tile < half; tile += blockDim.x)
            tile_sum[tile] += tile_sum[tile + half];
        // This level of the tree is complete.
        __syncthreads();
    }
    // The last levels in every warp alike, so that the sum needs no way back through shared memory.
    i32 lane = threadIdx.x % LANES;
    return tree_over_lanes(lane < size ? tile_sum[lane] : 0.0f);
}
