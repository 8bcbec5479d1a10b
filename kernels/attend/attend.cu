// output[row][head] = sum over j of softmax over j of (q . K[j] scale) V[j], j over the positions 0 .. position of the row: the committed
// prefix, then the row's own path in the tree. heads / kv_heads = group <= 16 heads share a key and value head.
//
//   attend_sealed   keys 0 .. sealed - 1, sealed = 16 floor(max(0, position - 64) / 16): tensor cores, partial sums into the workspace
//   attend          the row's tail, sealed .. position (80 keys at most): fp32; then it adds the partial sums, divides and writes
//
// The bits of a row depend on its position, its query and its path's keys and values alone:
//   - what is sealed depends on the position alone. A tree has at most 64 levels, so a sealed key is committed. The tail is gathered in the order
//     of positions, wherever its keys are
//   - tiles of 64 keys and splits of 256 begin at multiples of these, and each tile is computed by itself (sealed_tile.cuh). Tiles merge in
//     order into a split, splits in order into the row, the tail last (softmax_state.cuh): one function, the same bits, whoever calls it
//   - rows that are computed together may have different bounds; what lies behind a row's own adds exactly nothing to it
// Both values of ROW_TILE are schedules of this arithmetic: 16 for few rows, a warp for each of a split's four tiles, which merge through
// shared memory; 64 for many, where each of the four warps has 16 rows and goes through the tiles. A tile's rows are of one sequence (RowTile).
// A slab of 16 sealed keys is a page of the cache, wherever that lies.
//
// Layouts: attend.cuh, sealed_partials.cuh. Queries, keys, values, output in 16 bits, all rows at multiples of 16 bytes. ELEMENT: F16 or BF16.
// HEAD_DIM: 32, 64 or 128 (attend_scalar.cu for others). Nodes are numbered breadth first and rows ascend: the last row of a tile is the deepest.
// Grids: (tiles, kv_heads, splits) and (count, kv_heads). A split behind the deepest row's sealed keys ends at once, so one grid serves every
// prefix. Block: 128. Shared memory: attend_sealed (ROW_TILE + 256) HEAD_DIM 2; attend 160 HEAD_DIM 2 + group (HEAD_DIM + 80) 4.
//
// Bytes asked for, all in units of one: R = packed rows of a tile, S = sealed keys of its deepest row, N = tail keys, T = those in the tree
//   attend_sealed   each block 1536; each that does not end at once R (2 HEAD_DIM + 4) + keys of the split that are < S, x 4 HEAD_DIM, and 96 for
//                   16 of these keys; for each split, row and head with keys 4 HEAD_DIM + 8 written
//   attend          each row and kv head: 2048 + (N - T) 24 + T 40 + 4 HEAD_DIM N + group (4 HEAD_DIM + splits of the row x 8 HEAD_DIM)
// So sealed keys and values are read once a row tile. With 16 packed rows, a whole split's partial sums are 16 (4 HEAD_DIM + 8) to 256 x 4 HEAD_DIM
// bytes of keys and values, one sixteenth: 16 rows take the place of 256 keys.
// Called by AttendKernels. Reference: AttendReference (C#); attend_scalar.cu.
#include "attend_tail.cuh"
#include "sealed_few_rows.cuh"
#include "sealed_many_rows.cuh"

static_assert(ROW_TILE == WARP_ROWS ? SPLIT_TILES == WARPS : ROW_TILE == WARPS * WARP_ROWS, "a warp for each tile, or for each 16 rows");

extern "C" __global__ __launch_bounds__(THREADS) void attend_sealed(const __grid_constant__ Attend p)
{
    SealedSplit work;
    RowTile tile = p.tiles[blockIdx.x];
    work.group = p.heads / p.kv_heads;
    work.kv_head = blockIdx.y;
    work.split = blockIdx.z;
    work.first_row = tile.first;
    work.rows = tile.rows;
    work.keys = min(SPLIT_KEYS, work.keys_of(p.pass, work.first_row + work.rows - 1));
    if (work.keys <= 0)
        return;
    const Sequence& sequence = sequence_of(p.pass, work.first_row / work.group);
    i32 slab = threadIdx.x % LANES;
    work.page = slab * SLAB_KEYS < work.keys ? pages_of(sequence, p.pass.cache)[work.split * (SPLIT_KEYS / SLAB_KEYS) + slab] : 0;
    u64 plane = (u64)work.kv_head * p.capacity * HEAD_DIM;
    work.keys_plane = p.keys + plane;
    work.values_plane = p.values + plane;
    if constexpr (ROW_TILE == WARP_ROWS)
        attend_few_rows(p, work);
    else
        attend_many_rows(p, work);
}

extern "C" __global__ __launch_bounds__(THREADS) void attend(const __grid_constant__ Attend p)
{
    __shared__ i32 cache_rows[MOST_TAIL_KEYS];
    __shared__ Mass masses[MOST_GROUP];
    i32 row = p.first_row + blockIdx.x, kv_head = blockIdx.y, warp = threadIdx.x / LANES, lane = threadIdx.x % LANES;
    i32 group = p.heads / p.kv_heads, first_head = kv_head * group;
    PassRow place = load_row(p.pass, row);
    i32 sealed = sealed_keys(place.position), keys = place.position + 1 - sealed;
    unsigned char* tail_keys = shared;
    unsigned char* tail_values = shared + MOST_TAIL_KEYS * ROW_BYTES;
    float* queries = reinterpret_cast<float*>(shared + 2 * MOST_TAIL_KEYS * ROW_BYTES);
    float* weights = queries + group * HEAD_DIM;

    if (threadIdx.x < keys)
        cache_rows[threadIdx.x] = row_of_path(*p.pass.parts[place.part].sequence, p.pass.cache, place.node, sealed + threadIdx.x);
    // cache_rows[] is complete.
    __syncthreads();
    // Lanes read keys side by side and values along a row: values need no swizzle.
    u64 plane = (u64)kv_head * p.capacity * HEAD_DIM;
    fetch_tail(p.keys + plane, cache_rows, keys, [](i32 key, i32 chunk) { return shared_base() + swizzled<ROW_BYTES>(key, chunk); });
    fetch_tail(p.values + plane, cache_rows, keys, [](i32 key, i32 chunk) { return shared_base() + (MOST_TAIL_KEYS + key) * ROW_BYTES + 16 * chunk; });
    const ELEMENT* of_row = p.queries + (u64)row * p.query_stride + first_head * HEAD_DIM;
    for (i32 pair = threadIdx.x; pair < group * HEAD_DIM / 2; pair += THREADS)
    {
        u32 both = reinterpret_cast<const u32*>(of_row)[pair];
        reinterpret_cast<float2*>(queries)[pair] = make_float2(low_of(both), high_of(both));
    }
    cp_async_wait<1>();
    // The tail's keys and queries[] are complete.
    __syncthreads();
    i32 key_blocks = (keys + LANES - 1) / LANES, head_blocks = (group + HEADS_AT_ONCE - 1) / HEADS_AT_ONCE;
    for (i32 item = warp; item < head_blocks * key_blocks; item += WARPS)
    {
        i32 head = item / key_blocks * HEADS_AT_ONCE, key = item % key_blocks * LANES + lane, heads = min(HEADS_AT_ONCE, group - head);
        if (key >= keys)
            continue;
        float scores[HEADS_AT_ONCE] = {};
        tail_scores(scores, queries + head * HEAD_DIM, heads, tail_keys, key);
#pragma unroll
        for (i32 of_block = 0; of_block < HEADS_AT_ONCE; of_block++)
        {
            if (of_block < heads)
                weights[(head + of_block) * MOST_TAIL_KEYS + key] = scores[of_block] * (p.scale * LOG2_E);
        }
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
        // Several splits' sums are under way at once.
#pragma unroll 4
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
            u32 value = *reinterpret_cast<const u32*>(tail_values + key * ROW_BYTES + 2 * d);
            float weight = weights[head * MOST_TAIL_KEYS + key];
            tail = {fmaf(weight, low_of(value), tail.x), fmaf(weight, high_of(value), tail.y)};
        }
        Merge factors = merge(mass, masses[head]);
        // What adds nothing may have turned the sign of a zero; + 0 makes all zeros equal bits.
        float low = merged(sum.x, tail.x, factors) / mass.sum + 0.0f, high = merged(sum.y, tail.y, factors) / mass.sum + 0.0f;
        *reinterpret_cast<u32*>(p.output + (u64)row * p.output_stride + (first_head + head) * HEAD_DIM + d) = packed<ELEMENT>(low, high);
    }
}
