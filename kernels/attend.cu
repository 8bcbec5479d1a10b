// output[row][head] = sum over j of softmax over j of (q . K[j] scale) V[j], j over the positions 0 .. position of the row: the committed
// prefix, then the row's own path in the tree. heads / kv_heads = group <= 16 heads share a key and value head.
//
//   attend_sealed   keys 0 .. sealed - 1, sealed = 16 floor(max(0, position - 64) / 16): tensor cores, partial sums into the workspace
//   attend          the row's tail, sealed .. position (80 keys at most): fp32; then it adds the partial sums, divides and writes
//
// The bits of a row depend on its position, its query and its path's keys and values alone:
//   - what is sealed depends on the position alone. A tree has at most 64 levels, so a sealed key is committed, or a row of a chain: both are
//     in the cache's row of their position. The tail is gathered in the order of positions, wherever its keys are
//   - tiles of 64 keys and splits of 256 begin at multiples of these, and each tile is computed by itself (sealed_tile.cuh). Tiles merge in
//     order into a split, splits in order into the row, the tail last (softmax_state.cuh): one function, the same bits, whoever calls it
//   - rows that are computed together may have different bounds; what lies behind a row's own adds exactly nothing to it
// Both values of ROW_TILE are schedules of this arithmetic: 16 for few rows, a warp for each of a split's four tiles, which merge through
// shared memory; 64 for many, where each of the four warps has 16 rows and goes through the tiles. Rows are packed: packed row r of a
// key and value head is head r % group of token r / group.
//
// Layouts: attend.cuh, sealed_partials.cuh. Queries, keys, values, output in 16 bits, all rows at multiples of 16 bytes. ELEMENT: F16 or BF16.
// HEAD_DIM: 32, 64 or 128 (attend_scalar.cu for others). Nodes are numbered breadth first and rows ascend: the last row of a tile is the deepest.
// Grids: (ceil(count group / ROW_TILE), kv_heads, splits of capacity) and (count, kv_heads). A split behind the deepest row's sealed keys ends at
// once, so one grid serves every prefix. Block: 128. Shared memory: attend_sealed (ROW_TILE + 256) HEAD_DIM 2; attend
// 160 HEAD_DIM 2 + group (HEAD_DIM + 80) 4.
//
// Bytes asked for, all in units of one: R = packed rows of a tile, S = sealed keys of its deepest row, N = tail keys, T = those in the tree
//   attend_sealed   each block 1536; each that does not end at once R (2 HEAD_DIM + 8) + keys of the split that are < S, x 4 HEAD_DIM;
//                   for each split, row and head with keys 4 HEAD_DIM + 8 written
//   attend          each row and kv head: 1536 + 4 T + 4 HEAD_DIM N + group (4 HEAD_DIM + splits of the row x 8 HEAD_DIM)
// So sealed keys and values are read once a row tile. With 16 packed rows, a whole split's partial sums are 16 (4 HEAD_DIM + 8) to 256 x 4 HEAD_DIM
// bytes of keys and values, one sixteenth: 16 rows take the place of 256 keys.
// Called by AttendKernels. Reference: AttendReference (C#); attend_scalar.cu.
#include "cp_async.cuh"
#include "sealed_partials.cuh"
#include "sealed_tile.cuh"

constexpr i32 THREADS = 128;
constexpr i32 WARPS = THREADS / LANES;
constexpr i32 SPLIT_TILES = SPLIT_KEYS / TILE_KEYS;
constexpr float LOG2_E = 1.44269504f;

static_assert(ROW_TILE == WARP_ROWS ? SPLIT_TILES == WARPS : ROW_TILE == WARPS * WARP_ROWS, "a warp for each tile, or for each 16 rows");

extern __shared__ __align__(128) unsigned char shared[];

__device__ inline u32 shared_base() { return (u32)__cvta_generic_to_shared(shared); }

// What one block of attend_sealed works on.
struct SealedSplit
{
    i32 prefix;
    i32 group;
    i32 kv_head;
    i32 split;
    i32 first_row; // packed
    i32 rows;      // of the tile that exist, packed
    i32 keys;      // of the split that the deepest row has
    const ELEMENT* key_rows;
    const ELEMENT* value_rows;

    // Of the split, less than none for rows that end before it.
    __device__ i32 keys_of(const PassRows& of, i32 packed_row) const
    {
        return sealed_keys(prefix + of.depths[of.nodes[packed_row / group]]) - split * SPLIT_KEYS;
    }

    // Of a tile, that the deepest row has keys in.
    __device__ i32 slabs(i32 tile) const { return min(TILE_SLABS, (keys - tile * TILE_KEYS) / SLAB_KEYS); }
};

// Begins to copy slabs of a tile.
template <i32 COPIERS> __device__ void fetch(u32 shared_tile, const ELEMENT* rows, i32 first_slab, i32 last_slab, i32 copier)
{
    for (i32 chunk = first_slab * SLAB_KEYS * ROW_CHUNKS + copier; chunk < last_slab * SLAB_KEYS * ROW_CHUNKS; chunk += COPIERS)
        cp_async_16(shared_tile + swizzled<ROW_BYTES>(chunk / ROW_CHUNKS, chunk % ROW_CHUNKS), rows + chunk * 8, 16);
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
        bounds[r] = r < work.rows ? work.keys_of(p.rows, work.first_row + r) : 0;
    }
}

__device__ inline SealedPartial partial_of(const Attend& p, const SealedSplit& work, i32 r)
{
    i32 packed_row = work.first_row + r;
    return sealed_partial(p, work.split, packed_row / work.group, work.kv_head * work.group + packed_row % work.group);
}

#if ROW_TILE == 16

// Floats from one row of a tile's sums to the next: rows 8 banks apart, so that a warp's stores come without conflicts.
constexpr i32 SUMS_STRIDE = HEAD_DIM + 8;

// A warp computes one tile of the split; values follow keys into the same place, slab by slab. Then the tiles merge in order.
__device__ inline void attend_split(const Attend& p, const SealedSplit& work)
{
    __shared__ i32 bounds[ROW_TILE];
    __shared__ Mass masses[SPLIT_TILES][ROW_TILE];
    i32 warp = threadIdx.x / LANES, lane = threadIdx.x % LANES, slabs = work.slabs(warp);
    u32 queries = shared_base(), tiles = queries + ROW_TILE * ROW_BYTES, tile = tiles + warp * TILE_BYTES;
    fetch_queries(p, work, queries, bounds);
    cp_async_commit();
    const ELEMENT* key_rows = work.key_rows + warp * TILE_KEYS * HEAD_DIM;
    const ELEMENT* value_rows = work.value_rows + warp * TILE_KEYS * HEAD_DIM;
#pragma unroll
    for (i32 slab = 0; slab < TILE_SLABS; slab++)
    {
        if (slab < slabs)
            fetch<LANES>(tile, key_rows, slab, slab + 1, lane);
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
                fetch<LANES>(tile, value_rows, slab, slab + 1, lane);
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

#else

// Each warp goes through the tiles with rows of its own. Two tiles of keys and values are in memory.
__device__ inline void attend_split(const Attend& p, const SealedSplit& work)
{
    __shared__ i32 bounds[ROW_TILE];
    i32 warp = threadIdx.x / LANES, lane = threadIdx.x % LANES, row = warp * WARP_ROWS + lane / 4;
    u32 queries = shared_base(), stages = queries + ROW_TILE * ROW_BYTES;
    auto fetch_tile = [&](i32 tile) {
        if (tile * TILE_KEYS < work.keys)
        {
            u32 stage = stages + tile % 2 * 2 * TILE_BYTES;
            fetch<THREADS>(stage, work.key_rows + tile * TILE_KEYS * HEAD_DIM, 0, work.slabs(tile), threadIdx.x);
            fetch<THREADS>(stage + TILE_BYTES, work.value_rows + tile * TILE_KEYS * HEAD_DIM, 0, work.slabs(tile), threadIdx.x);
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

#endif

extern "C" __global__ __launch_bounds__(THREADS) void attend_sealed(const __grid_constant__ Attend p)
{
    SealedSplit work;
    work.prefix = prefix_of(p.rows);
    work.group = p.heads / p.kv_heads;
    work.kv_head = blockIdx.y;
    work.split = blockIdx.z;
    work.first_row = blockIdx.x * ROW_TILE;
    work.rows = min(ROW_TILE, p.rows.count * work.group - work.first_row);
    work.keys = min(SPLIT_KEYS, work.keys_of(p.rows, work.first_row + work.rows - 1));
    if (work.keys <= 0)
        return;
    u64 first_key = ((u64)work.kv_head * p.capacity + work.split * SPLIT_KEYS) * HEAD_DIM;
    work.key_rows = p.keys + first_key;
    work.value_rows = p.values + first_key;
    attend_split(p, work);
}

__device__ inline float low_of(u32 pair) { return to_float(ELEMENT{(unsigned short)pair}); }

__device__ inline float high_of(u32 pair) { return to_float(ELEMENT{(unsigned short)(pair >> 16)}); }

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

extern "C" __global__ __launch_bounds__(THREADS) void attend(const __grid_constant__ Attend p)
{
    __shared__ i32 cache_rows[MOST_TAIL_KEYS];
    __shared__ Mass masses[16];
    i32 row = blockIdx.x, kv_head = blockIdx.y, warp = threadIdx.x / LANES, lane = threadIdx.x % LANES;
    i32 group = p.heads / p.kv_heads, first_head = kv_head * group;
    i32 node = p.rows.nodes[row], prefix = prefix_of(p.rows), position = prefix + p.rows.depths[node];
    i32 sealed = sealed_keys(position), keys = position + 1 - sealed;
    unsigned char* tail_keys = shared;
    unsigned char* tail_values = shared + MOST_TAIL_KEYS * ROW_BYTES;
    float* queries = reinterpret_cast<float*>(shared + 2 * MOST_TAIL_KEYS * ROW_BYTES);
    float* weights = queries + group * HEAD_DIM;

    if (threadIdx.x < keys)
        cache_rows[threadIdx.x] = cache_row(sealed + threadIdx.x, prefix, p.rows.paths + (u64)node * p.rows.levels);
    // cache_rows[] is complete.
    __syncthreads();
    auto fetch_tail = [&](u32 to, const ELEMENT* plane) {
        for (i32 chunk = threadIdx.x; chunk < keys * ROW_CHUNKS; chunk += THREADS)
        {
            i32 key = chunk / ROW_CHUNKS, of_chunk = chunk % ROW_CHUNKS;
            const ELEMENT* from = plane + ((u64)kv_head * p.capacity + cache_rows[key]) * HEAD_DIM;
            cp_async_16(to + swizzled<ROW_BYTES>(key, of_chunk), from + of_chunk * 8, 16);
        }
        cp_async_commit();
    };
    fetch_tail(shared_base(), p.keys);
    fetch_tail(shared_base() + MOST_TAIL_KEYS * ROW_BYTES, p.values);
    const ELEMENT* of_row = p.queries + (u64)row * p.query_stride + first_head * HEAD_DIM;
    for (i32 pair = threadIdx.x; pair < group * HEAD_DIM / 2; pair += THREADS)
    {
        u32 both = reinterpret_cast<const u32*>(of_row)[pair];
        reinterpret_cast<float2*>(queries)[pair] = make_float2(low_of(both), high_of(both));
    }
    cp_async_wait<1>();
    // The tail's keys and queries[] are complete.
    __syncthreads();
    i32 key_blocks = (keys + LANES - 1) / LANES;
    for (i32 item = warp; item < group * key_blocks; item += WARPS)
    {
        i32 head = item / key_blocks, key = item % key_blocks * LANES + lane;
        if (key < keys)
            weights[head * MOST_TAIL_KEYS + key] = tail_score(queries + head * HEAD_DIM, tail_keys, key) * (p.scale * LOG2_E);
    }
    // All scores are complete.
    __syncthreads();
    for (i32 head = warp; head < group; head += WARPS)
    {
        Mass mass = weigh_tail(weights + head * MOST_TAIL_KEYS, keys);
        if (lane == 0)
            masses[head] = mass;
    }
    cp_async_wait<0>();
    // The tail's values, weights[] and masses[] are complete.
    __syncthreads();
    for (i32 item = threadIdx.x; item < group * HEAD_DIM / 2; item += THREADS)
    {
        i32 head = item / (HEAD_DIM / 2), d = item % (HEAD_DIM / 2) * 2;
        Mass mass = {-infinity(), 0.0f};
        float2 sum = {};
        for (i32 split = 0; split < splits_of(sealed); split++)
        {
            SealedPartial partial = sealed_partial(p, split, row, first_head + head);
            float2 part = *reinterpret_cast<const float2*>(partial.sums + d);
            Merge factors = merge(mass, *partial.mass);
            sum = {merged(sum.x, part.x, factors), merged(sum.y, part.y, factors)};
        }
        float2 tail = {};
        for (i32 key = 0; key < keys; key++)
        {
            u32 value = *reinterpret_cast<const u32*>(tail_values + swizzled<ROW_BYTES>(key, d / 8) + d % 8 * 2);
            float weight = weights[head * MOST_TAIL_KEYS + key];
            tail = {fmaf(weight, low_of(value), tail.x), fmaf(weight, high_of(value), tail.y)};
        }
        Merge factors = merge(mass, masses[head]);
        // What adds nothing may have turned the sign of a zero; + 0 makes all zeros equal bits.
        float low = merged(sum.x, tail.x, factors) / mass.sum + 0.0f, high = merged(sum.y, tail.y, factors) / mass.sum + 0.0f;
        *reinterpret_cast<u32*>(p.output + (u64)row * p.output_stride + (first_head + head) * HEAD_DIM + d) = packed<ELEMENT>(low, high);
    }
}
