// The keys and values that a warp goes through: one tile that it copies by itself, or all tiles of a split, which the block's warps copy and share.
// All keys are under way at once; the values of a tile follow its keys into their place.
#pragma once
#include "attend_tile.cuh"

// What a warp copies of them: four slabs, of its own tile or one of each tile of a split.
constexpr i32 COPIED_SLABS = 4;

template <i32 TILES> struct TileKeys
{
    static_assert(TILES == 1 ? TILE_SLABS == COPIED_SLABS : TILES == SPLIT_TILES && TILES == COPIED_SLABS && TILE_SLABS == WARPS, "four slabs a warp");
    static constexpr i32 SLABS_OF_TILE = COPIED_SLABS / TILES;

    const ELEMENT* keys; // the head's planes
    const ELEMENT* values;
    i32 count; // keys that the deepest row has
    u32 place; // shared memory: TILES times TILE_BYTES
    u32 lane_chunks[2]; // where in a slab this lane's chunks of the first and of the second 64 bytes of a line go
    i32 cache_rows[COPIED_SLABS][2]; // where lane_key() and the key 8 behind it are, of each slab that this warp copies

    // The first key of a slab that this warp copies.
    __device__ static i32 first_key(i32 slab)
    {
        return slab / SLABS_OF_TILE * TILE_KEYS + (TILES == 1 ? slab : threadIdx.x / LANES) * SLAB_KEYS;
    }

    // Four lanes copy 64 bytes of a key at a time, a warp of 8 keys. Neighbouring fours have keys whose halves of a line of banks differ.
    __device__ static i32 lane_key()
    {
        i32 lane = threadIdx.x % LANES;
        return HEAD_DIM == 32 ? lane / 4 : lane / 8 + lane / 4 % 2 * 4;
    }

    // cache_row_of(key): where key 0, 1 ... of these tiles is.
    template <typename CacheRowOf> __device__ void find(CacheRowOf cache_row_of)
    {
        i32 lane = threadIdx.x % LANES;
        lane_chunks[0] = kept(swizzled<ROW_BYTES>(lane_key(), lane % 4));
        lane_chunks[1] = kept(swizzled<ROW_BYTES>(lane_key(), lane % 4 + 4));
#pragma unroll
        for (i32 two = 0; two < COPIED_SLABS; two += 2)
        {
            // A half warp looks for the keys of a slab.
            i32 key = (lane < SLAB_KEYS ? first_key(two) : first_key(two + 1)) + lane % SLAB_KEYS, row = key < count ? cache_row_of(key) : 0;
#pragma unroll
            for (i32 i = 0; i < 4; i++)
                cache_rows[two + i / 2][i % 2] = __shfl_sync(WARP, row, i * 8 + lane_key());
        }
    }

    // Slabs of a tile that have keys.
    __device__ i32 slabs(i32 tile) const { return (min(TILE_KEYS, count - tile * TILE_KEYS) + SLAB_KEYS - 1) / SLAB_KEYS; }

    // Waits for all that share these keys.
    __device__ void sync() const
    {
        if constexpr (TILES == 1)
            __syncwarp();
        else
            __syncthreads();
    }

    // Begins to copy a tile's keys or values, as a group of copies. What lies behind the last key of a slab becomes 0: 0 x NaN is NaN.
    __device__ void fetch(const ELEMENT* plane, i32 tile) const
    {
#pragma unroll
        for (i32 slab = tile * SLABS_OF_TILE; slab < (tile + 1) * SLABS_OF_TILE; slab++)
        {
            i32 left = count - first_key(slab);
            if (left <= 0)
                break;
            u32 to = place + first_key(slab) * ROW_BYTES;
#pragma unroll
            for (i32 eight = 0; eight < SLAB_KEYS; eight += 8)
            {
                const ELEMENT* from = plane + (u64)(u32)cache_rows[slab][eight / 8] * HEAD_DIM + threadIdx.x % 4 * 8;
                i32 bytes = lane_key() + eight < left ? 16 : 0;
#pragma unroll
                for (i32 four = 0; four < ROW_CHUNKS; four += 4)
                    cp_async_16(to + lane_chunks[four / 4 % 2] + four / 8 * 128 + eight * ROW_BYTES, from + 8 * four, bytes);
            }
        }
        cp_async_commit();
    }
};

// Sums over some keys of a warp's 16 queries.
struct WarpSums
{
    ValueSums of;
    Mass mass[2];
};

__device__ inline WarpSums no_sums()
{
    WarpSums sums = {};
    sums.mass[0] = sums.mass[1] = no_mass();
    return sums;
}

// bound: how many of the keys the lane's two queries have. halves: as load_queries() has it.
template <i32 TILES>
__device__ WarpSums sum_tiles(const TileKeys<TILES>& keys, const QueryFragments& q, const i32 (&bound)[2], i32 halves, float scale)
{
#pragma unroll
    for (i32 tile = 0; tile < TILES; tile++)
        keys.fetch(keys.keys, tile);
    TileWeights weights[TILES];
    Mass masses[TILES][2];
#pragma unroll
    for (i32 tile = 0; tile < TILES; tile++)
    {
        cp_async_wait<TILES - 1>();
        // The tile's keys are complete.
        keys.sync();
        i32 slabs = halves == 0 ? 0 : keys.slabs(tile);
        TileScores scores = {};
#pragma unroll
        for (i32 slab = 0; slab < TILE_SLABS; slab++)
        {
            if (slab < slabs)
                add_slab_scores(scores, slab, q, keys.place + tile * TILE_BYTES);
        }
        // The tile's place is free: its keys are read.
        keys.sync();
        keys.fetch(keys.values, tile);
        i32 of_tile[2] = {bound[0] - tile * TILE_KEYS, bound[1] - tile * TILE_KEYS};
        weights[tile] = weigh(scores, slabs, of_tile, halves, scale, masses[tile]);
    }
    WarpSums sums = no_sums();
#pragma unroll
    for (i32 tile = 0; tile < TILES; tile++)
    {
        cp_async_wait<TILES - 1>();
        // The tile's values are complete.
        keys.sync();
        i32 slabs = halves == 0 ? 0 : keys.slabs(tile);
        ValueSums of_tile = {};
#pragma unroll
        for (i32 slab = 0; slab < TILE_SLABS; slab++)
        {
            if (slab < slabs)
                add_slab_values(of_tile, slab, weights[tile], keys.place + tile * TILE_BYTES);
        }
        Merge factors[2] = {merge(sums.mass[0], masses[tile][0]), merge(sums.mass[1], masses[tile][1])};
#pragma unroll
        for (i32 i = 0; i < HEAD_DIM / 2; i++)
        {
            float& sum = sums.of[i / 4][i % 4];
            // The first sums are what their merge with none would be.
            sum = tile == 0 ? of_tile[i / 4][i % 4] : merged(sum, of_tile[i / 4][i % 4], factors[i % 4 / 2]);
        }
        // Of nothing: waits count groups.
        cp_async_commit();
    }
    return sums;
}
