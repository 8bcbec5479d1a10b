// What one block of attend_sealed works on, a tile of rows and a split of keys, and how these come to shared memory.
#pragma once
#include "sealed_partials.cuh"
#include "sealed_tile.cuh"

constexpr i32 SPLIT_TILES = SPLIT_KEYS / TILE_KEYS;

struct SealedSplit
{
    i32 group;
    i32 kv_head;
    i32 split;
    i32 first_row; // packed
    i32 rows;      // of the tile that exist, packed
    i32 keys;      // of the split that the deepest row has
    i32 page;      // lane l has the page of the split's slab l
    const ELEMENT* keys_plane;
    const ELEMENT* values_plane;

    // Of the split, less than none for rows that end before it.
    __device__ i32 keys_of(const Pass& pass, i32 packed_row) const { return sealed_keys(pass.rows[packed_row / group].position) - split * SPLIT_KEYS; }

    // Of a tile, that the deepest row has keys in.
    __device__ i32 slabs(i32 tile) const { return min(TILE_SLABS, (keys - tile * TILE_KEYS) / SLAB_KEYS); }
};

// Begins to copy slabs of a tile, each from its page. The lanes of a warp copy of one slab at a time, so they stay together.
template <i32 COPIERS>
__device__ void fetch(u32 shared_tile, const ELEMENT* plane, const SealedSplit& work, i32 tile, i32 first_slab, i32 last_slab, i32 copier)
{
    constexpr i32 SLAB_CHUNKS = SLAB_KEYS * ROW_CHUNKS;
    static_assert(SLAB_CHUNKS % LANES == 0, "a warp's chunks are of one slab");
    // Unrolled, each step's address would take registers of its own.
#pragma unroll 1
    for (i32 chunk = first_slab * SLAB_CHUNKS + copier; chunk < last_slab * SLAB_CHUNKS; chunk += COPIERS)
    {
        i32 page = __shfl_sync(WARP, work.page, tile * TILE_SLABS + chunk / SLAB_CHUNKS);
        cp_async_16(shared_tile + swizzled<ROW_BYTES>(chunk / ROW_CHUNKS, chunk % ROW_CHUNKS), plane + ((u64)page * SLAB_CHUNKS + chunk % SLAB_CHUNKS) * 8, 16);
    }
}

// Begins to copy the queries of the row tile; rows that do not exist are 0. Also finds how many keys of the split each row has.
__device__ inline void fetch_queries(const Attend& p, const SealedSplit& work, u32 queries, i32* bounds)
{
    for (i32 chunk = threadIdx.x; chunk < ROW_TILE * ROW_CHUNKS; chunk += THREADS)
    {
        i32 r = chunk / ROW_CHUNKS, of_chunk = chunk % ROW_CHUNKS, packed_row = work.first_row + min(r, work.rows - 1);
        i32 head = work.kv_head * work.group + packed_row % work.group;
        const ELEMENT* query = p.queries + (u64)(packed_row / work.group) * p.query_stride + head * HEAD_DIM;
        cp_async_16(queries + swizzled<ROW_BYTES>(r, of_chunk), query + of_chunk * 8, r < work.rows ? 16 : 0);
    }
    if (threadIdx.x < ROW_TILE)
    {
        i32 r = threadIdx.x;
        bounds[r] = r < work.rows ? work.keys_of(p.pass, work.first_row + r) : 0;
    }
}

__device__ inline SealedPartial partial_of(const Attend& p, const SealedSplit& work, i32 r)
{
    i32 packed_row = work.first_row + r;
    return sealed_partial(p, work.split, packed_row / work.group, work.kv_head * work.group + packed_row % work.group);
}
