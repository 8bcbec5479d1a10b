// The linear layers of a pass of few rows: every weight is read once, and meets up to 64 rows of x in the tensor cores.
//
//   sum[row][n] = sum over k of W[n][k] x[row][k]        matmul:           y = sum                    fp32 (logits)
//                                                        matmul_add:       y = y + sum                fp32 (the residual stream)
//                                                        matmul_silu_mul:  y = silu(gate) * up        ELEMENT, of pairs of sums
//                                                        matmul_rope:      queries, keys and values   ELEMENT, of pairs of sums
//
// MatMul (epilogue.cuh) has the layouts, and says what pairs are. ELEMENT: F16 or BF16. TOKENS: 8, 16, 32 or 64, rows of x of a tile.
//
//                x: TOKENS rows (operand B)          A CTA computes 64 outputs of TOKENS rows over one split of k: 4 warps of 16 outputs.
//                +-----------------+                 k comes in tiles of 64 through a ring of stages in shared memory. The m16n8k16
//                | k               |                 product has weights as its 16 rows, so 8 tokens fill a tile, and first and second
//   +---------+  +-----------------+                 of a pair (8 stored rows apart) come out in one thread.
//   | W    k  |  | warp 0: 16 rows |
//   | 64 rows |  | ...             |                 Where there are few tiles of outputs, k is split among CTAs. Each leaves its sums in
//   | (A)     |  | warp 3: 16 rows |                 the workspace; the last one to arrive adds them up, in the order of splits. Where there
//   +---------+  +-----------------+                 are tiles enough, a CTA takes all splits in turn, and adds them up in the same order.
//
// The bits of an output depend on its row of W and its row of x alone: k ascends in every variant, a column of an mma does not see the others,
// and the number of splits follows from the matrix's shape (MatMulShape.cs), never from rows, TOKENS or the device.
//
// Nothing is asked of padding: what lies behind columns or rows is not read, and counts as zero.
//
// Grid: (tiles of TOKENS rows, tiles of 64 stored rows of W, splits or 1): tiles of rows come first, so that they share a weight in the L2 cache.
// Block: 128. Shared memory: STAGES (64 + TOKENS) 128 bytes, at most 48 KB, static.
// Workspace, if grid.z > 1: 64 TOKENS floats for each CTA, and a counter for each tile of rows and weights. Counters are 0 before the first launch, and again after each.
//
// Bytes asked for: 2 columns (stored rows x grid.x + rows x grid.y) for operands: W once for each tile of tokens, x once for each 64 stored rows.
// With grid.z > 1, 512 TOKENS for each CTA's partials, written and read, and 4 for its counter.
// For results, of each row: 4 an output (matmul), 8 an output (matmul_add), 2 a pair (matmul_silu_mul); matmul_rope: 28 a pair of queries or keys
// (results, cos, sin, the row's place), 20 a pair of values (results, the row's place).
// Called by: MatMulKernels.cs. Reference: MatMulReference.cs; matmul_scalar.cu.
#include "cp_async.cuh"
#include "epilogue.cuh"
#include "mma.cuh"
#include "swizzle.cuh"

// Elements in 16 bytes, and such chunks in a tile's row: 128 bytes, all 32 banks.
constexpr i32 CHUNK = 8;
constexpr i32 ROW_CHUNKS = 8;

constexpr i32 THREADS = 128;
constexpr i32 TILE_ROWS = 64;
constexpr i32 WARP_ROWS = 16;
constexpr i32 TILE_K = CHUNK * ROW_CHUNKS;
constexpr i32 TOKEN_TILES = TOKENS / 8;
static_assert(TOKENS == 8 || TOKENS == 16 || TOKENS == 32 || TOKENS == 64, "rows of x of a tile");

// As many as 48 KB hold. With 64 tokens a fourth would cost as many bytes under way as it brings, since fewer CTAs would fit on a multiprocessor:
// of an A100, two with three tiles ahead instead of three with two.
constexpr i32 STAGES = TOKENS == 64 ? 3 : 4;

__device__ inline u32 swizzled(i32 row, i32 chunk) { return swizzled<16 * ROW_CHUNKS>(row, chunk); }

struct Stage
{
    uint4 weight[TILE_ROWS][ROW_CHUNKS];
    uint4 x[TOKENS][ROW_CHUNKS];
};

// A thread's sums: for 8 tokens each, outputs g and g + 8 of its warp's 16 for tokens 2t and 2t + 1.
using Sums = float[TOKEN_TILES][4];

// What a thread brings of a matrix's tiles: one chunk of every 16th row, from tile to tile along the columns. Rows from the limit on and
// columns beyond the last become zeros without being read: the memory there may hold anything, and 0 x NaN is NaN.
template <i32 ROWS> struct Fetcher
{
    static constexpr i32 STEP = THREADS / ROW_CHUNKS;
    static_assert(STEP % ROW_CHUNKS == 0, "so many rows further on the swizzle is the same");

    const ELEMENT* from;
    size_t step;
    i32 row;
    i32 rows; // from this thread's first one to the limit
    u32 to;

    __device__ Fetcher(const ELEMENT* matrix, i32 stride, i32 first_row, i32 limit, i32 first_column)
        : step((size_t)STEP * stride), row(threadIdx.x / ROW_CHUNKS), rows(limit - first_row - row), to(swizzled(row, threadIdx.x % ROW_CHUNKS))
    {
        from = matrix + (size_t)(first_row + row) * stride + first_column + CHUNK * (threadIdx.x % ROW_CHUNKS);
    }

    __device__ void fetch(const uint4 (&tile)[ROWS][ROW_CHUNKS], i32 bytes)
    {
        u32 base = (u32)__cvta_generic_to_shared(tile) + to;
#pragma unroll
        for (i32 begin = 0; begin < ROWS; begin += STEP)
        {
            if (row + begin < ROWS)
                cp_async_16(base + begin * ROW_CHUNKS * 16, from + begin / STEP * step, begin < rows ? bytes : 0);
        }
        from += TILE_K;
    }
};

// sums += W x over the 64 columns of a stage, 16 columns (two chunks) after 16.
__device__ inline void multiply(const Stage& stage, Sums& sums)
{
    i32 warp = threadIdx.x / LANES, lane = threadIdx.x % LANES;
    u32 weight = (u32)__cvta_generic_to_shared(stage.weight), x = (u32)__cvta_generic_to_shared(stage.x);
#pragma unroll
    for (i32 chunk = 0; chunk < ROW_CHUNKS; chunk += 4)
    {
        u32 a[2][4], b[4];
        for (i32 half = 0; half < 2; half++)
            ldmatrix_x4(a[half], weight + swizzled(WARP_ROWS * warp + lane % WARP_ROWS, chunk + 2 * half + lane / WARP_ROWS));
        if constexpr (TOKENS == 8)
        {
            // Four matrices are 8 tokens by 32 columns.
            ldmatrix_x4(b, x + swizzled(lane % 8, chunk + lane / 8));
            mma_m16n8k16<ELEMENT>(sums[0], a[0], b[0], b[1]);
            mma_m16n8k16<ELEMENT>(sums[0], a[1], b[2], b[3]);
        }
        else
        {
#pragma unroll
            for (i32 half = 0; half < 2; half++)
            {
#pragma unroll
                for (i32 tile = 0; tile < TOKEN_TILES; tile += 2)
                {
                    // Four matrices are 16 tokens by 16 columns.
                    ldmatrix_x4(b, x + swizzled(8 * tile + lane / 16 * 8 + lane % 8, chunk + 2 * half + lane / 8 % 2));
                    mma_m16n8k16<ELEMENT>(sums[tile], a[half], b[0], b[1]);
                    mma_m16n8k16<ELEMENT>(sums[tile + 1], a[half], b[2], b[3]);
                }
            }
        }
    }
}

// sums += W x of this CTA's tile over a split of k.
__device__ inline void sum_split(const MatMul& p, i32 split, i32 first_row, i32 stored_rows, i32 first_token, Sums& sums)
{
    __shared__ Stage stages[STAGES];
    i32 all = (p.columns + TILE_K - 1) / TILE_K, begin = all * split / p.splits, count = all * (split + 1) / p.splits - begin;
    Fetcher<TILE_ROWS> weight(p.weight, p.weight_stride, first_row, stored_rows, begin * TILE_K);
    Fetcher<TOKENS> x(p.x, p.x_stride, first_token, p.pass.count, begin * TILE_K);
    // From this thread's chunk to the last column.
    i32 bytes = 2 * (p.columns - begin * TILE_K - CHUNK * (i32)(threadIdx.x % ROW_CHUNKS));
    auto fetch_stage = [&](i32 tile) {
        if (tile < count)
        {
            i32 of_chunk = bytes < 0 ? 0 : bytes < 16 ? bytes : 16;
            weight.fetch(stages[tile % STAGES].weight, of_chunk);
            x.fetch(stages[tile % STAGES].x, of_chunk);
            bytes -= 2 * TILE_K;
        }
        // Also of nothing, so that the newest STAGES - 2 groups are always those of tiles ahead.
        cp_async_commit();
    };
    // All stages are free: everybody has the last split's sums.
    __syncthreads();
    for (i32 tile = 0; tile < STAGES - 1; tile++)
        fetch_stage(tile);
    for (i32 tile = 0; tile < count; tile++)
    {
        cp_async_wait<STAGES - 2>();
        // This tile's stage is complete, and the last tile's is free for the next fetch.
        __syncthreads();
        fetch_stage(tile + STAGES - 1);
        multiply(stages[tile % STAGES], sums);
    }
}

// Leaves the sums of a split in the workspace. True in the CTA that arrives last: it gets the totals.
__device__ inline bool add_splits(const MatMul& p, Sums& sums)
{
    i32 splits = gridDim.z, tile = blockIdx.y * gridDim.x + blockIdx.x;
    // [tile][split][tokens / 8][thread]: each thread finds its own again.
    float4* partials = (float4*)p.partials + (size_t)tile * splits * TOKEN_TILES * THREADS + threadIdx.x;
#pragma unroll
    for (i32 i = 0; i < TOKEN_TILES; i++)
    {
        partials[(blockIdx.z * TOKEN_TILES + i) * THREADS] = make_float4(sums[i][0], sums[i][1], sums[i][2], sums[i][3]);
        sums[i][0] = sums[i][1] = sums[i][2] = sums[i][3] = 0.0f;
    }
    // These partials are visible before this CTA counts as arrived.
    __threadfence();
    // All threads' partials are.
    __syncthreads();
    // The counter wraps to 0 for the next launch.
    bool is_last = threadIdx.x == 0 && atomicInc(p.arrived + tile, splits - 1) == splits - 1;
    if (!__syncthreads_or(is_last))
        return false;
    // The others' partials are read behind their arrival.
    __threadfence();
    for (i32 split = 0; split < splits; split++)
    {
#pragma unroll
        for (i32 i = 0; i < TOKEN_TILES; i++)
        {
            float4 part = __ldcg(partials + (split * TOKEN_TILES + i) * THREADS);
            sums[i][0] += part.x, sums[i][1] += part.y, sums[i][2] += part.z, sums[i][3] += part.w;
        }
    }
    return true;
}

// The sums of a pair, or of two outputs, of TOKENS / 4 rows of x, are in one thread.
template <typename Epilogue> __device__ void write_sums(const MatMul& p, i32 first_row, i32 first_token, const Sums& sums)
{
    i32 warp = threadIdx.x / LANES, lane = threadIdx.x % LANES, group = lane / 4, row = first_row + WARP_ROWS * warp + group;
    i32 outputs = Epilogue::PAIRED ? p.outputs / 2 : p.outputs;
#pragma unroll
    for (i32 member = 0; member < (Epilogue::PAIRED ? 1 : 2); member++)
    {
        i32 output = Epilogue::PAIRED ? row / WARP_ROWS * PAIRS_OF_TILE + group : row + 8 * member;
        if (output >= outputs)
            return;
        Epilogue epilogue(p, output);
#pragma unroll
        for (i32 i = 0; i < TOKENS / 4; i++)
        {
            i32 token = first_token + i / 2 * 8 + lane % 4 * 2 + i % 2;
            if (token >= p.pass.count)
                continue;
            if constexpr (Epilogue::PAIRED)
                epilogue.write(token, sums[i / 2][i % 2], sums[i / 2][2 + i % 2]);
            else
                epilogue.write(token, sums[i / 2][2 * member + i % 2]);
        }
    }
}

template <typename Epilogue> __device__ void matmul_of(const MatMul& p)
{
    i32 stored_rows = Epilogue::PAIRED ? (p.outputs / 2 + PAIRS_OF_TILE - 1) / PAIRS_OF_TILE * WARP_ROWS : p.outputs;
    i32 first_row = blockIdx.y * TILE_ROWS, first_token = blockIdx.x * TOKENS;
    Sums totals = {};
    for (i32 split = blockIdx.z; split < p.splits; split += gridDim.z)
    {
        Sums sums = {};
        sum_split(p, split, first_row, stored_rows, first_token, sums);
#pragma unroll
        for (i32 i = 0; i < 4 * TOKEN_TILES; i++)
            totals[i / 4][i % 4] += sums[i / 4][i % 4];
    }
    if (gridDim.z == 1 || add_splits(p, totals))
        write_sums<Epilogue>(p, first_row, first_token, totals);
}

extern "C" __global__ __launch_bounds__(THREADS) void matmul(const __grid_constant__ MatMul p) { matmul_of<Plain>(p); }

extern "C" __global__ __launch_bounds__(THREADS) void matmul_add(const __grid_constant__ MatMul p) { matmul_of<Add>(p); }

extern "C" __global__ __launch_bounds__(THREADS) void matmul_silu_mul(const __grid_constant__ MatMul p) { matmul_of<SiluMul>(p); }

extern "C" __global__ __launch_bounds__(THREADS) void matmul_rope(const __grid_constant__ MatMul p) { matmul_of<Rope>(p); }
