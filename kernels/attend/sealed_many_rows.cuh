// A split for up to 64 packed rows: each warp goes through the tiles with 16 rows of its own and merges in registers. Two tiles of keys and values
// are in memory.
#pragma once
#include "sealed_split.cuh"

__device__ inline void attend_many_rows(const Attend& p, const SealedSplit& work)
{
    __shared__ i32 bounds[ROW_TILE];
    i32 warp = threadIdx.x / LANES, lane = threadIdx.x % LANES, row = warp * WARP_ROWS + lane / 4;
    u32 queries = shared_base(), stages = queries + ROW_TILE * ROW_BYTES;
    auto fetch_tile = [&](i32 tile) {
        if (tile * TILE_KEYS < work.keys)
        {
            u32 stage = stages + tile % 2 * 2 * TILE_BYTES;
            fetch<THREADS>(stage, work.keys_plane, work, tile, 0, work.slabs(tile), threadIdx.x);
            fetch<THREADS>(stage + TILE_BYTES, work.values_plane, work, tile, 0, work.slabs(tile), threadIdx.x);
        }
        // Waits count groups, so there is one for each tile.
        cp_async_commit();
    };
    fetch_queries(p, work, queries, bounds);
    fetch_tile(0);
    fetch_tile(1);
    QueryFragments q;
    Mass mass[2] = {{-infinity(), 0.0f}, {-infinity(), 0.0f}};
    float sums[HEAD_DIM / 8][4] = {};
    for (i32 tile = 0; tile * TILE_KEYS < work.keys; tile++)
    {
        cp_async_wait<1>();
        // The tile is complete, and with the first one the queries and bounds[].
        __syncthreads();
        if (tile == 0)
            q = load_queries(queries + warp * WARP_ROWS * ROW_BYTES);
        i32 slabs = work.slabs(tile);
        u32 stage = stages + tile % 2 * 2 * TILE_BYTES;
        TileScores scores = {};
#pragma unroll
        for (i32 slab = 0; slab < TILE_SLABS; slab++)
        {
            if (slab < slabs)
                add_slab_scores(scores, slab, q, stage);
        }
        i32 bound[2] = {bounds[row] - tile * TILE_KEYS, bounds[row + 8] - tile * TILE_KEYS};
        Mass part[2];
        TileWeights weights = weigh(scores, bound, p.scale * LOG2_E, part);
        Merge factors[2] = {merge(mass[0], part[0]), merge(mass[1], part[1])};
#pragma unroll
        for (i32 block = 0; block < HEAD_DIM / 16; block++)
        {
            float of_tile[2][4] = {};
            value_sums(of_tile, weights, slabs, block, stage + TILE_BYTES);
#pragma unroll
            for (i32 i = 0; i < 8; i++)
            {
                float& sum = sums[2 * block + i / 4][i % 4];
                sum = merged(sum, of_tile[i / 4][i % 4], factors[i % 4 / 2]);
            }
        }
        // The tile's place is free: all warps have read it.
        __syncthreads();
        fetch_tile(tile + 2);
    }
#pragma unroll
    for (i32 half = 0; half < 2; half++)
    {
        i32 r = row + 8 * half;
        if (bounds[r] <= 0)
            continue;
        SealedPartial partial = partial_of(p, work, r);
#pragma unroll
        for (i32 eight = 0; eight < HEAD_DIM / 8; eight++)
            *reinterpret_cast<float2*>(partial.sums + 8 * eight + lane % 4 * 2) = make_float2(sums[eight][2 * half], sums[eight][2 * half + 1]);
        if (lane % 4 == 0)
            *partial.mass = mass[half];
    }
}
