// A split for up to 16 packed rows: each warp computes one tile, values following keys into the same place, slab by slab. Then the tiles merge in
// order. All of a split's keys are under way at once.
#pragma once
#include "sealed_split.cuh"

// Floats from one row of a tile's sums to the next: rows 8 banks apart, so that a warp's stores come without conflicts.
constexpr i32 SUMS_STRIDE = HEAD_DIM + 8;

__device__ inline void attend_few_rows(const Attend& p, const SealedSplit& work)
{
    __shared__ i32 bounds[ROW_TILE];
    __shared__ Mass masses[SPLIT_TILES][ROW_TILE];
    i32 warp = threadIdx.x / LANES, lane = threadIdx.x % LANES, slabs = work.slabs(warp);
    u32 queries = shared_base(), tiles = queries + ROW_TILE * ROW_BYTES, tile = tiles + warp * TILE_BYTES;
    fetch_queries(p, work, queries, bounds);
    cp_async_commit();
#pragma unroll
    for (i32 slab = 0; slab < TILE_SLABS; slab++)
    {
        if (slab < slabs)
            fetch<LANES>(tile, work.keys_plane, work, warp, slab, slab + 1, lane);
        // Waits count groups, so there is one for each slab.
        cp_async_commit();
    }
    cp_async_wait<TILE_SLABS>();
    // The queries and bounds[] are complete.
    __syncthreads();
    if (slabs > 0)
    {
        QueryFragments q = load_queries(queries);
        TileScores scores = {};
#pragma unroll
        for (i32 slab = 0; slab < TILE_SLABS; slab++)
        {
            cp_async_wait<TILE_SLABS - 1>();
            // The slab's keys are complete: the warp's other lanes have waited too.
            __syncwarp();
            if (slab < slabs)
            {
                add_slab_scores(scores, slab, q, tile);
                // The slab is free: its keys are read.
                __syncwarp();
                fetch<LANES>(tile, work.values_plane, work, warp, slab, slab + 1, lane);
            }
            cp_async_commit();
        }
        i32 row = lane / 4, bound[2] = {bounds[row] - warp * TILE_KEYS, bounds[row + 8] - warp * TILE_KEYS};
        Mass mass[2];
        TileWeights weights = weigh(scores, bound, p.scale * LOG2_E, mass);
        cp_async_wait<0>();
        // The tile's values are complete.
        __syncwarp();
        float sums[HEAD_DIM / 16][2][4] = {};
#pragma unroll
        for (i32 block = 0; block < HEAD_DIM / 16; block++)
            value_sums(sums[block], weights, slabs, block, tile);
        // The tile's place is free: its values are read.
        __syncwarp();
        float* of_tile = reinterpret_cast<float*>(shared + ROW_TILE * ROW_BYTES + warp * TILE_BYTES);
#pragma unroll
        for (i32 half = 0; half < 2; half++)
        {
#pragma unroll
            for (i32 eight = 0; eight < HEAD_DIM / 8; eight++)
            {
                const float(&of_lane)[4] = sums[eight / 2][eight % 2];
                *reinterpret_cast<float2*>(of_tile + (row + 8 * half) * SUMS_STRIDE + 8 * eight + lane % 4 * 2) =
                    make_float2(of_lane[2 * half], of_lane[2 * half + 1]);
            }
            if (lane % 4 == 0)
                masses[warp][row + 8 * half] = mass[half];
        }
    }
    // All tiles' sums and masses are complete.
    __syncthreads();
    for (i32 item = threadIdx.x; item < work.rows * (HEAD_DIM / 4); item += THREADS)
    {
        i32 row = item / (HEAD_DIM / 4), d = item % (HEAD_DIM / 4) * 4;
        if (bounds[row] <= 0)
            continue;
        Mass mass = {-infinity(), 0.0f};
        float4 sum = {};
        for (i32 t = 0; t * TILE_KEYS < work.keys; t++)
        {
            const unsigned char* of_tile = shared + ROW_TILE * ROW_BYTES + t * TILE_BYTES;
            float4 part = *reinterpret_cast<const float4*>(of_tile + 4 * (row * SUMS_STRIDE + d));
            Merge factors = merge(mass, masses[t][row]);
            sum = {merged(sum.x, part.x, factors), merged(sum.y, part.y, factors), merged(sum.z, part.z, factors), merged(sum.w, part.w, factors)};
        }
        SealedPartial partial = partial_of(p, work, row);
        *reinterpret_cast<float4*>(partial.sums + d) = sum;
        if (d == 0)
            *partial.mass = mass;
    }
}
