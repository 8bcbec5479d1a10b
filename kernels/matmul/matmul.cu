// The linear layers of a pass of few rows: every weight is read once, and meets up to 128 rows of x in the tensor cores.
//
//   sum[row][n] = sum over k of W[n][k] x[row][k]        matmul:           y = sum                    fp32 (logits)
//                                                        matmul_add:       y = y + sum                fp32 (the residual stream), and operands of
//                                                                                                     y's norm (norm.cuh)
//                                                        matmul_silu_mul:  y = silu(gate) * up        ELEMENT, of pairs of sums
//                                                        matmul_rope:      queries, keys and values   ELEMENT, of pairs of sums
//
// x of all but matmul_add are a norm's operands: sums are multiplied by their row's factor. MatMul (epilogue.cuh) has the layouts, and says what pairs
// are. ELEMENT: F16 or BF16. TOKENS: 8, 16, 32, 64 or 128, rows of x of a tile.
//
//                x: TOKENS rows (operand B)          A CTA computes 128 outputs of TOKENS rows over one split of k: 8 warps of 16 outputs, or with
//                +-----------------+                 many tokens of 32 outputs and half of them. k comes in tiles of 64 through a ring of stages
//                | k               |                 in shared memory: a block of weights, and of rows of x, as they are stored. The m16n8k16
//   +---------+  +-----------------+                 product has weights as its 16 rows, so 8 tokens fill a tile, and first and second of a pair
//   | W    k  |  | warp 0: 16 rows |                 (8 stored rows apart) come out in one thread.
//   | 128 rows|  | ...             |
//   | (A)     |  | warp 7: 16 rows |                 Where there are few tiles of outputs, k is split among CTAs. Each leaves its sums in the
//   +---------+  +-----------------+                 workspace; the last one to arrive adds them up, in the order of splits. Where there are tiles
//                                                    enough, a CTA takes all splits in turn, and adds them up in the same order.
//
// The bits of an output depend on its row of W and its row of x alone: k ascends in every variant, a column of an mma does not see the others,
// and the number of splits follows from the matrix's shape (MatMulShape.cs), never from rows, TOKENS or the device.
//
// The loop asks no questions: W is padded to whole blocks, x to whole tiles. Columns of padding are 0 in both; rows of padding may hold anything, and
// their sums are not written.
//
// Grid: (tiles of TOKENS rows, tiles of 128 stored rows of W, splits or 1): tiles of rows come first, so that they share a weight in the L2 cache.
// Block: 256. Shared memory: STAGES (128 + TOKENS) 128 bytes, dynamic.
// Workspace, if grid.z > 1: 128 TOKENS floats for each CTA, and a counter for each tile of rows and weights. Counters are 0 before the first launch, and
// again after each.
//
// Bytes asked for: 128 (128 + TOKENS) for each CTA and 64 columns: W once for each tile of tokens, x once for each 128 stored rows.
// With grid.z > 1, 1024 TOKENS for each CTA's partials, written and read, and 4 for its counter.
// For factors, 8 for each CTA, TOKENS and 128 columns of the norm (matmul_add: 4, outputs).
// For results, of each row: 4 an output (matmul), 10 an output and 4 for 128 of them (matmul_add, and once a tile 16 an output for the norm's weights, or
// 32 with many tokens), 2 a pair (matmul_silu_mul); matmul_rope: 28 a pair of queries or keys (results, cos, sin, the row's place), 20 a pair of values
// (results, the row's place).
// Called by: MatMulKernels.cs. Reference: MatMulReference.cs; matmul_scalar.cu.
#include "cp_async.cuh"
#include "mma.cuh"

// A warp's outputs: with many tokens nearer to squares, which need fewer operands from shared memory.
constexpr i32 WARP_ROWS = TOKENS < 64 ? 16 : 32;
#include "tile_sums.cuh"

constexpr i32 TILE_K = BLOCK_COLUMNS;
constexpr i32 ROW_BYTES = BLOCK_ROW_BYTES;
constexpr i32 ROW_CHUNKS = TILE_K / CHUNK;

// Three tiles ahead. More would let fewer CTAs reside on a multiprocessor, and so bring no more bytes under way. With 128 tokens as many as the 99 KB
// hold that every device gives a CTA.
constexpr i32 STAGES = TOKENS == 128 ? 3 : 4;
constexpr i32 WEIGHT_BYTES = 2 * BLOCK_ELEMENTS;
constexpr i32 STAGE_BYTES = WEIGHT_BYTES + TOKENS * ROW_BYTES;

extern __shared__ __align__(128) unsigned char ring[];

__shared__ float factors[TOKENS];

// What a thread copies of each tile of k: every 256th chunk of its block of weights, and of the rows of x, which are one piece of memory, too.
struct Fetcher
{
    size_t weight; // global addresses
    size_t x;
    size_t x_step; // from a tile to the next
    u32 to;        // in a stage, of weights

    __device__ Fetcher(const MatMul& p, i32 row_tile, i32 first_token, i32 first_k)
    {
        size_t block = (size_t)row_tile * column_blocks(p.columns) + first_k;
        weight = global_address(p.weight + block * BLOCK_ELEMENTS + threadIdx.x * CHUNK);
        x = global_address(p.x + ((size_t)first_k * p.x_rows + first_token) * BLOCK_COLUMNS + threadIdx.x * CHUNK);
        x_step = (size_t)p.x_rows * ROW_BYTES;
        to = kept((u32)__cvta_generic_to_shared(ring) + threadIdx.x * 16);
    }

    // Begins to copy the next tile into the stage that begins there.
    __device__ void fetch(u32 stage)
    {
#pragma unroll
        for (i32 at = 0; at < WEIGHT_BYTES; at += 16 * THREADS)
            cp_async_16(to + stage + at, weight + at);
#pragma unroll
        for (i32 at = 0; at < TOKENS * ROW_BYTES; at += 16 * THREADS)
        {
            if (TOKENS * ROW_BYTES >= 16 * THREADS || threadIdx.x < TOKENS * ROW_CHUNKS)
                cp_async_16(to + stage + WEIGHT_BYTES + at, x + at);
        }
        weight += WEIGHT_BYTES;
        x += x_step;
    }
};

// Where a lane's rows of operands are in a stage, for each 16 columns of a tile (32 of x with 8 tokens: four matrices of a ldmatrix are 8 tokens by
// 32 columns there, and 16 tokens by 16 columns else).
struct Operands
{
    static constexpr i32 STEPS = TILE_K / 16, X_STEPS = TOKENS == 8 ? STEPS / 2 : STEPS;

    u32 weight[STEPS];
    u32 x[X_STEPS];

    __device__ Operands()
    {
        i32 lane = threadIdx.x % LANES;
        u32 stage = (u32)__cvta_generic_to_shared(ring);
#pragma unroll
        for (i32 step = 0; step < STEPS; step++)
            weight[step] = kept(stage + swizzled<ROW_BYTES>(first_row_of_warp() + lane % 16, 2 * step + lane / 16));
        i32 token = first_token_of_warp() + (TOKENS == 8 ? 0 : lane / 16 * 8) + lane % 8;
#pragma unroll
        for (i32 step = 0; step < X_STEPS; step++)
            x[step] = kept(stage + WEIGHT_BYTES + swizzled<ROW_BYTES>(token, TOKENS == 8 ? 4 * step + lane / 8 : 2 * step + lane / 8 % 2));
    }
};

// sums += W x over the 64 columns of the stage that begins there, 16 after 16.
__device__ inline void multiply(const Operands& operands, u32 stage, Sums& sums)
{
    u32 b[4];
#pragma unroll
    for (i32 step = 0; step < Operands::STEPS; step++)
    {
        u32 a[ROW_TILES][4];
#pragma unroll
        for (i32 row = 0; row < ROW_TILES; row++)
            ldmatrix_x4(a[row], operands.weight[step] + stage + row * 16 * ROW_BYTES);
        if constexpr (TOKENS == 8)
        {
            if (step % 2 == 0)
                ldmatrix_x4(b, operands.x[step / 2] + stage);
            mma_m16n8k16<ELEMENT>(sums[0][0], a[0], b[step % 2 * 2], b[step % 2 * 2 + 1]);
        }
        else
        {
#pragma unroll
            for (i32 tile = 0; tile < TOKEN_TILES; tile += 2)
            {
                ldmatrix_x4(b, operands.x[step] + stage + tile * 8 * ROW_BYTES);
#pragma unroll
                for (i32 row = 0; row < ROW_TILES; row++)
                {
                    mma_m16n8k16<ELEMENT>(sums[row][tile], a[row], b[0], b[1]);
                    mma_m16n8k16<ELEMENT>(sums[row][tile + 1], a[row], b[2], b[3]);
                }
            }
        }
    }
}

// The stage behind one in the ring.
__device__ inline u32 next(u32 stage) { return stage == (STAGES - 1) * STAGE_BYTES ? 0 : stage + STAGE_BYTES; }

// sums += W x of this CTA's tile over a split of k.
template <typename Epilogue> __device__ void sum_split(const MatMul& p, const Operands& operands, i32 split, i32 row_tile, i32 first_token, Sums& sums)
{
    i32 all = column_blocks(p.columns), begin = all * split / p.splits, count = all * (split + 1) / p.splits - begin;
    Fetcher fetcher(p, row_tile, first_token, begin);
    // All stages are free: everybody has the last split's sums.
    __syncthreads();
#pragma unroll
    for (i32 tile = 0; tile < STAGES - 1; tile++)
    {
        if (tile < count)
            fetcher.fetch(tile * STAGE_BYTES);
        cp_async_commit();
    }
    // While the first tiles are under way. The loop's barriers complete factors[].
    if (split == blockIdx.z)
        find_factors<Epilogue>(p, first_token, factors);
    u32 stage = 0, free_stage = (STAGES - 1) * STAGE_BYTES;
#pragma unroll 1
    for (i32 ahead = count - STAGES + 1; ahead > 1 - STAGES; ahead--)
    {
        cp_async_wait<STAGES - 2>();
        // This tile's stage is complete, and the last tile's is free for the next fetch.
        __syncthreads();
        if (ahead > 0)
            fetcher.fetch(free_stage);
        // Also of nothing, so that the newest STAGES - 2 groups are always those of tiles ahead.
        cp_async_commit();
        multiply(operands, stage, sums);
        free_stage = stage;
        stage = next(stage);
    }
}

template <typename Epilogue> __device__ void matmul_of(const MatMul& p)
{
    i32 row_tile = blockIdx.y, first_token = blockIdx.x * TOKENS;
    Operands operands;
    Sums totals = {};
    for (i32 split = blockIdx.z; split < p.splits; split += gridDim.z)
    {
        Sums sums = {};
        sum_split<Epilogue>(p, operands, split, row_tile, first_token, sums);
#pragma unroll
        for (i32 i = 0; i < 4 * ROW_TILES * TOKEN_TILES; i++)
            totals[i / (4 * TOKEN_TILES)][i / 4 % TOKEN_TILES][i % 4] += sums[i / (4 * TOKEN_TILES)][i / 4 % TOKEN_TILES][i % 4];
    }
    __shared__ bool is_last;
    if (gridDim.z == 1 || add_splits(p, totals, is_last))
        write_sums<Epilogue>(p, row_tile, first_token, totals, factors, reinterpret_cast<float*>(ring));
}

// CTAs that registers let reside on a multiprocessor: as many as an H100's shared memory does.
constexpr i32 RESIDENT = TOKENS == 128 ? 1 : TOKENS == 64 ? 2 : 3;

extern "C" __global__ __launch_bounds__(THREADS, RESIDENT) void matmul(const __grid_constant__ MatMul p) { matmul_of<Plain>(p); }

extern "C" __global__ __launch_bounds__(THREADS, RESIDENT) void matmul_add(const __grid_constant__ MatMul p) { matmul_of<Add>(p); }

extern "C" __global__ __launch_bounds__(THREADS, RESIDENT) void matmul_silu_mul(const __grid_constant__ MatMul p) { matmul_of<SiluMul>(p); }

extern "C" __global__ __launch_bounds__(THREADS, RESIDENT) void matmul_rope(const __grid_constant__ MatMul p) { matmul_of<Rope>(p); }
