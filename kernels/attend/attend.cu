// output[row][head] = sum over j of softmax over j of (q . K[j] scale) V[j], j over the positions 0 .. position of the row: the committed
// prefix, then the row's own path in the tree. heads / kv_heads = group <= 16 heads share a key and value head.
//
// Two kinds of blocks, side by side in one launch, leave partial sums in the workspace; whoever brings a row's last one merges them and writes.
//
//   prefix   a tile of rows, a split of 256 keys that all of them find in the order of pages. Of a tree's rows these are the committed tiles of 64
//            keys, of a prompt's rows all keys
//   tree     a warp for a row and one of the at most two tiles behind these: its keys are gathered along the row's path
//
// The bits of a row depend on its position, its query and its path's keys and values alone:
//   - tiles of 64 keys and splits of 256 begin at multiples of these, and each tile is computed by itself, by one function (attend_tile.cuh). Tiles
//     merge in order into a split, splits in order into the row (softmax_state.cuh): where a key was read from is no part of it
//   - rows that are computed together may have different bounds; what lies behind a row's own adds exactly nothing to it, if it is finite
// ROW_TILE, packed rows of a tile (rows x group, whole rows), is a schedule of this arithmetic: with 16, few, a warp for each of a split's four tiles,
// which merge through shared memory; with 64, many, each of the four warps has 16 rows and goes through all four tiles.
//
// Layouts: attend.cuh, attend_partials.cuh. Queries, keys, values, output in 16 bits, all rows at multiples of 16 bytes. ELEMENT: F16 or BF16.
// HEAD_DIM: 32, 64 or 128 (attend_scalar.cu for others). Rows of a sequence ascend in position: the last of a tile is the deepest.
// Grid: (tiles x splits + blocks of tree warps, kv_heads). A split behind the deepest row's keys ends at once, so one grid serves every prefix. Trees
// have 2 ceil(count / 4) blocks more, prompts none. Block: 128. Shared memory: 256 HEAD_DIM 2.
//
// Bytes asked for, without tables that say where things are (up to 128 a thread):
//   prefix blocks   keys of the split x 4 HEAD_DIM; queries 2 HEAD_DIM a packed row, with ROW_TILE 16 for each of the split's tiles
//   tree warps      keys of the tile x 4 HEAD_DIM, queries 2 HEAD_DIM a head
//   partial sums    4 HEAD_DIM + 8 written, 8 HEAD_DIM read a part, row and head, and 4 for the row's counter; results 2 HEAD_DIM a row and head
// With 16 packed rows, a whole split's partial sums are 16 (4 HEAD_DIM + 8) to 256 x 4 HEAD_DIM bytes of keys and values, one sixteenth.
// Called by AttendKernels. Reference: AttendReference (C#); attend_scalar.cu.
#include "attend_keys.cuh"
#include "attend_partials.cuh"
#include "earlier_kernels.cuh"

static_assert(ROW_TILE == WARP_ROWS ? SPLIT_TILES == WARPS : ROW_TILE == WARPS * WARP_ROWS, "a warp for each tile, or for each 16 rows");

// Packed row r of a key and value head is head r % group of the tile's row r / group.
__device__ inline const ELEMENT* query_of(const Attend& p, i32 first_row, i32 kv_head, i32 packed_row)
{
    i32 group = p.group;
    return p.queries + (u64)(first_row + packed_row / group) * p.query_stride + (kv_head * group + packed_row % group) * HEAD_DIM;
}

// Leaves a warp's sums in the workspace: of the packed rows first .. of a tile, those that have keys.
__device__ inline void leave_sums(const Attend& p, i32 part, i32 first_row, i32 kv_head, i32 first, const i32 (&bound)[2], const WarpSums& sums)
{
    i32 group = p.group, lane = threadIdx.x % LANES;
#pragma unroll
    for (i32 half = 0; half < 2; half++)
    {
        if (bound[half] <= 0)
            continue;
        i32 packed_row = first + lane / 4 + 8 * half;
        Partial partial = partial_of(p, part, first_row + packed_row / group, kv_head * group + packed_row % group);
#pragma unroll
        for (i32 eight = 0; eight < HEAD_DIM / 8; eight++)
            *reinterpret_cast<float2*>(partial.sums + 8 * eight + lane % 4 * 2) = make_float2(sums.of[eight][2 * half], sums.of[eight][2 * half + 1]);
        if (lane % 4 == 0)
            *partial.mass = sums.mass[half];
    }
}

// A warp's packed rows, up to 16: where a lane's two queries are, and how many keys they have from a first one on. Rows that do not exist take
// another's query, and have no keys.
struct LaneRows
{
    const ELEMENT* queries[2];
    i32 bound[2];
    i32 halves; // of 8 rows

    __device__ LaneRows(const Attend& p, RowTile tile, i32 kv_head, i32 first, i32 first_key)
    {
        i32 group = p.group;
        i32 rows = tile.rows * group - first;
        halves = rows > 8 ? 2 : rows > 0 ? 1 : 0;
#pragma unroll
        for (i32 half = 0; half < 2; half++)
        {
            i32 packed_row = first + threadIdx.x % LANES / 4 + 8 * half;
            bool exists = packed_row < tile.rows * group;
            queries[half] = query_of(p, tile.first, kv_head, exists ? packed_row : 0);
            bound[half] = exists ? (i32)keys_of(p.pass, tile.first + packed_row / group).prefix - first_key : 0;
        }
    }
};

// The four warps' tiles of the same rows merge in order, and go to the workspace.
__device__ inline void merge_tiles(const Attend& p, RowTile tile, i32 split, i32 kv_head, i32 keys_of_split, const i32 (&bound)[2], const WarpSums& sums)
{
    // Floats from one row of a tile's sums to the next: rows 8 banks apart, so that a warp's stores come without conflicts.
    constexpr i32 STRIDE = HEAD_DIM + 8;
    static_assert(WARP_ROWS * STRIDE * sizeof(float) <= TILE_BYTES, "sums take the place of values");
    __shared__ Mass masses[SPLIT_TILES][WARP_ROWS];
    __shared__ bool has_keys[WARP_ROWS];
    i32 warp = threadIdx.x / LANES, lane = threadIdx.x % LANES, group = p.group;
    float* of_tile = reinterpret_cast<float*>(shared + warp * TILE_BYTES);
    // The tile's place is free: its values are read.
    __syncwarp();
#pragma unroll
    for (i32 half = 0; half < 2; half++)
    {
        i32 row = lane / 4 + 8 * half;
#pragma unroll
        for (i32 eight = 0; eight < HEAD_DIM / 8; eight++)
            *reinterpret_cast<float2*>(of_tile + row * STRIDE + 8 * eight + lane % 4 * 2) = make_float2(sums.of[eight][2 * half], sums.of[eight][2 * half + 1]);
        if (lane % 4 == 0)
            masses[warp][row] = sums.mass[half];
        if (lane % 4 == 0 && warp == 0)
            has_keys[row] = bound[half] > 0;
    }
    // All tiles' sums and masses, and has_keys[], are complete.
    __syncthreads();
    for (i32 item = threadIdx.x; item < tile.rows * group * (HEAD_DIM / 4); item += THREADS)
    {
        i32 row = item / (HEAD_DIM / 4), d = item % (HEAD_DIM / 4) * 4;
        if (!has_keys[row])
            continue;
        QuadSum sum;
        for (i32 t = 0; t * TILE_KEYS < keys_of_split; t++)
            sum.take(masses[t][row], *reinterpret_cast<const float4*>(shared + t * TILE_BYTES + 4 * (row * STRIDE + d)));
        Partial partial = partial_of(p, split, tile.first + row / group, kv_head * group + row % group);
        *reinterpret_cast<float4*>(partial.sums + d) = sum.sum;
        if (d == 0)
            *partial.mass = sum.mass;
    }
}

__device__ inline void attend_prefix(const Attend& p, RowTile tile, i32 split, i32 kv_head)
{
    constexpr i32 TILES = ROW_TILE == WARP_ROWS ? 1 : SPLIT_TILES;
    __shared__ bool is_last[ROW_TILE];
    i32 warp = threadIdx.x / LANES, first_key = split * SPLIT_KEYS, last_row = tile.first + tile.rows - 1;
    i32 keys_of_split = min(SPLIT_KEYS, (i32)keys_of(p.pass, last_row).prefix - first_key);
    if (keys_of_split <= 0)
        return;
    // Of this warp's tiles.
    i32 first_tile = TILES == 1 ? warp : 0, first_packed = TILES == 1 ? 0 : warp * WARP_ROWS;
    u64 plane = (u64)kv_head * p.capacity * HEAD_DIM;
    const i32* pages = pages_of(sequence_of(p.pass, last_row), p.pass.cache);
    TileKeys<TILES> keys = {p.keys + plane, p.values + plane, keys_of_split - first_tile * TILE_KEYS, shared_base() + first_tile * TILE_BYTES};
    keys.find([&](i32 key) { return cache_row(pages, first_key + first_tile * TILE_KEYS + key); });
    LaneRows rows(p, tile, kv_head, first_packed, first_key + first_tile * TILE_KEYS);
    WarpSums sums = no_sums();
    // A split's last tiles may have no keys.
    if (TILES > 1 || keys.count > 0)
        sums = sum_tiles(keys, load_queries(rows.queries, rows.halves), rows.bound, rows.halves, p.scale * LOG2_E);
    if constexpr (TILES == 1)
        merge_tiles(p, tile, split, kv_head, keys_of_split, rows.bound, sums);
    else
        leave_sums(p, split, tile.first, kv_head, first_packed, rows.bound, sums);
    // All rows' sums of the split are in the workspace.
    __syncthreads();
    for (i32 row = threadIdx.x; row < tile.rows; row += THREADS)
    {
        RowKeys of_row = keys_of(p.pass, tile.first + row);
        is_last[row] = of_row.prefix > first_key && arrives_last(p, of_row, tile.first + row, kv_head);
    }
    // is_last[] is complete, and what the other blocks left is visible to all threads.
    __syncthreads();
    // Every fourth row is a warp's; lane l looks at the l-th of them.
    i32 looked_at = threadIdx.x % LANES * WARPS + warp;
    for (u32 rest = __ballot_sync(WARP, looked_at < tile.rows && is_last[looked_at]); rest != 0; rest &= rest - 1)
    {
        i32 row = tile.first + (__ffs(rest) - 1) * WARPS + warp;
        merge_row(p, keys_of(p.pass, row), row, kv_head);
    }
}

__device__ inline void attend_tree(const Attend& p, i32 of_tree, i32 row, i32 kv_head)
{
    i32 warp = threadIdx.x / LANES, lane = threadIdx.x % LANES, group = p.group;
    RowKeys of_row = keys_of(p.pass, row);
    if (of_tree >= of_row.tree_tiles())
        return;
    PassRow place = load_row(p.pass, row);
    const Sequence& sequence = sequence_of(p.pass, row);
    i32 first_key = (of_row.first_tree_tile() + of_tree) * TILE_KEYS;
    u64 plane = (u64)kv_head * p.capacity * HEAD_DIM;
    TileKeys<1> keys = {p.keys + plane, p.values + plane, min(TILE_KEYS, (i32)of_row.position + 1 - first_key), shared_base() + warp * TILE_BYTES};
    keys.find([&](i32 key) { return row_of_path(sequence, p.pass.cache, place.node, first_key + key); });
    const ELEMENT* queries[2];
    i32 bound[2];
#pragma unroll
    for (i32 half = 0; half < 2; half++)
    {
        i32 head = lane / 4 + 8 * half;
        queries[half] = query_of(p, row, kv_head, head < group ? head : 0);
        bound[half] = head < group ? keys.count : 0;
    }
    i32 halves = group > 8 ? 2 : 1;
    leave_sums(p, p.splits + of_tree, row, kv_head, 0, bound, sum_tiles(keys, load_queries(queries, halves), bound, halves, p.scale * LOG2_E));
    // All lanes' sums are in the workspace.
    __syncwarp();
    bool is_last = __any_sync(WARP, lane == 0 && arrives_last(p, of_row, row, kv_head));
    // What other blocks left is visible to all lanes: a vote alone orders no memory.
    __syncwarp();
    if (is_last)
        merge_row(p, of_row, row, kv_head);
}

// Blocks that registers let reside on a multiprocessor: as many as an A100's shared memory does with 128 dimensions.
constexpr i32 RESIDENT = HEAD_DIM == 128 ? 2 : 3;

extern "C" __global__ __launch_bounds__(THREADS, RESIDENT) void attend(const __grid_constant__ Attend p)
{
    i32 prefix_blocks = p.tile_count * p.splits, block = blockIdx.x, kv_head = blockIdx.y;
    let_next_kernel_start();
    wait_for_earlier_kernels();
    if (block < prefix_blocks)
        return attend_prefix(p, p.tiles[block % p.tile_count], block / p.tile_count, kv_head);
    // All rows' first tiles, then their second ones.
    block -= prefix_blocks;
    i32 row_blocks = (p.count + WARPS - 1) / WARPS, of_tree = block < row_blocks ? 0 : 1, row = (block - of_tree * row_blocks) * WARPS + threadIdx.x / LANES;
    if (row < p.count)
        attend_tree(p, of_tree, p.first_row + row, kv_head);
}
