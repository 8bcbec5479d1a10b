// The linear layers with Hopper's own instructions: what matmul.cu computes, with the same parameters, and the same bits as far as the tensor cores sum
// alike in both. It takes the place of matmul.cu on compute capability 9.0 for every number of rows, so that a row's bits never depend on their number.
//
// A CTA computes 128 outputs of TOKENS rows, as in matmul.cu. Operands lie in memory as wgmma wants them in shared memory, so a bulk copy brings a block of
// weights and another one the rows of x, and no thread computes an address for each 16 bytes.
//
//   producer: warp 8, one lane                 ring of STAGES                  consumers: warps 0 .. 7, two warpgroups
//     wait until a stage is empty   ------>   | W: 128 rows x 64 |   ------>     wait until it is full
//     expect its bytes, copy both             | x: TOKENS x 64   |               64 outputs x TOKENS a group, four products of 16 columns each
//                                   <------   full, empty        |   <------     the product before this one has ended: its stage is empty
//
// The producer runs through the tiles of all splits and never looks back, so the ring stays full between splits too. The first weights are under way
// before earlier kernels have ended. Each group has one tile's products under way while it waits for the next tile.
//
// Grid, workspace and bytes asked for: as in matmul.cu; norm's weights as with few tokens. Block: 288. Shared memory: STAGES (128 + TOKENS) 128 bytes,
// 16 for each stage, 4 TOKENS and 16; dynamic.
// Called by: MatMulKernels.cs. Reference: MatMulReference.cs; matmul.cu.
#include "earlier_kernels.cuh"
#include "mbarrier.cuh"
#include "wgmma.cuh"

// A warp of a group has 16 of its 64 outputs.
constexpr i32 WARP_ROWS = 16;
#include "tile_sums.cuh"

constexpr i32 PRODUCER = THREADS;
constexpr i32 GROUP_THREADS = 128;
constexpr i32 WEIGHT_BYTES = 2 * BLOCK_ELEMENTS;
constexpr i32 GROUP_BYTES = WEIGHT_BYTES / 2;
constexpr i32 X_BYTES = TOKENS * BLOCK_ROW_BYTES;
constexpr i32 STAGE_BYTES = WEIGHT_BYTES + X_BYTES;

// About 100 KB, so that two CTAs fill a multiprocessor; with 128 tokens registers let only one reside, which gets all.
constexpr i32 STAGES = TOKENS == 64 ? 4 : TOKENS == 32 ? 5 : 6;
constexpr i32 RESIDENT = TOKENS == 128 ? 1 : 2;

// The stages, at multiples of 1,024 bytes; then a barrier for each that it is full, one for each that it is empty; then
// factors[] and is_last.
extern __shared__ __align__(1024) unsigned char memory[];

__device__ inline u32 first_stage() { return (u32)__cvta_generic_to_shared(memory); }

__device__ inline u32 first_barrier() { return first_stage() + STAGES * STAGE_BYTES; }

// A stage of the ring, and how often the ring has been gone through, as a parity.
struct Place
{
    u32 stage = first_stage();
    u32 full = first_barrier();
    u32 parity = 0;

    __device__ u32 empty() const { return full + 8 * STAGES; }

    __device__ void advance()
    {
        stage += STAGE_BYTES;
        full += 8;
        if (stage == first_barrier())
            *this = {first_stage(), first_barrier(), parity ^ 1};
    }
};

__device__ inline i32 first_tile(const MatMul& p, i32 split) { return column_blocks(p.columns) * split / p.splits; }

// Copies this CTA's tiles, of one split or of all, one after the other. The first weights are under way before earlier kernels have ended.
__device__ inline void produce(const MatMul& p, i32 row_tile, i32 first_token)
{
    i32 begin = first_tile(p, blockIdx.z), end = gridDim.z == 1 ? column_blocks(p.columns) : first_tile(p, blockIdx.z + 1);
    i32 early = min(begin + STAGES, end);
    const ELEMENT* band = p.weight + (size_t)row_tile * column_blocks(p.columns) * BLOCK_ELEMENTS;
    // Weights are read once where there is one tile of rows; x is read by all.
    u64 x_policy = evict_normal(), weight_policy = gridDim.x == 1 ? evict_first() : x_policy;
    auto copy_weights = [&](const Place& place, i32 tile) {
        mbarrier_expect(place.full, STAGE_BYTES);
        bulk_copy(place.stage, band + (size_t)tile * BLOCK_ELEMENTS, WEIGHT_BYTES, place.full, weight_policy);
    };
    auto copy_x = [&](const Place& place, i32 tile) {
        bulk_copy(place.stage + WEIGHT_BYTES, p.x + ((size_t)tile * p.x_rows + first_token) * BLOCK_COLUMNS, X_BYTES, place.full, x_policy);
    };
    Place first, place;
    for (i32 tile = begin; tile < early; tile++, first.advance())
        copy_weights(first, tile);
    wait_for_earlier_kernels();
    // x was written by ordinary stores, and bulk copies read it.
    fence_global_copies();
    for (i32 tile = begin; tile < early; tile++, place.advance())
        copy_x(place, tile);
    for (i32 tile = early; tile < end; tile++, place.advance())
    {
        // The stage's last tile is no longer needed.
        mbarrier_wait(place.empty(), place.parity ^ 1);
        copy_weights(place, tile);
        copy_x(place, tile);
    }
}

// A stage's operands are no longer needed by this warp.
__device__ inline void release(u32 empty)
{
    if (threadIdx.x % LANES == 0)
        mbarrier_arrive(empty);
}

// sums = W x of this CTA's tile over a split of k.
__device__ inline void sum_split(const MatMul& p, i32 split, Place& place, float (&sums)[TOKEN_TILES][4])
{
    i32 count = first_tile(p, split + 1) - first_tile(p, split);
    u32 before = 0;
#pragma unroll 1
    for (i32 tile = 0; tile < count; tile++)
    {
        mbarrier_wait(place.full, place.parity);
        u64 a = swizzled_operand(place.stage + threadIdx.x / GROUP_THREADS * GROUP_BYTES);
        u64 b = swizzled_operand(place.stage + WEIGHT_BYTES);
        wgmma_fence(sums);
#pragma unroll
        for (i32 step = 0; step < BLOCK_COLUMNS / 16; step++)
            wgmma<ELEMENT>(sums, a + 2 * step, b + 2 * step, tile > 0 || step > 0);
        wgmma_commit();
        if (tile > 0)
        {
            wgmma_wait<1>();
            release(before);
        }
        before = place.empty();
        place.advance();
    }
    wgmma_wait(sums);
    release(before);
}

template <typename Epilogue> __device__ void matmul_of(const MatMul& p)
{
    i32 row_tile = blockIdx.y, first_token = blockIdx.x * TOKENS;
    let_next_kernel_start();
    if (threadIdx.x == 0)
    {
        for (Place place; place.parity == 0; place.advance())
        {
            mbarrier_init(place.full, 1);
            mbarrier_init(place.empty(), WARPS);
        }
        fence_mbarriers();
    }
    // Everybody sees the barriers.
    __syncthreads();
    if (threadIdx.x >= PRODUCER)
    {
        if (threadIdx.x == PRODUCER)
            produce(p, row_tile, first_token);
        return;
    }
    wait_for_earlier_kernels();
    // While the first tiles are under way.
    float* factors = reinterpret_cast<float*>(memory + STAGES * (STAGE_BYTES + 16));
    find_factors<Epilogue>(p, first_token, factors);
    // factors[] is complete.
    sync_sums();
    Place place;
    Sums totals = {}, sums = {};
    for (i32 split = blockIdx.z; split < p.splits; split += gridDim.z)
    {
        sum_split(p, split, place, sums[0]);
#pragma unroll
        for (i32 i = 0; i < 4 * TOKEN_TILES; i++)
            totals[0][i / 4][i % 4] += sums[0][i / 4][i % 4];
    }
    if (gridDim.z == 1 || add_splits(p, totals, *reinterpret_cast<bool*>(factors + TOKENS)))
        write_sums<Epilogue>(p, row_tile, first_token, totals, factors, reinterpret_cast<float*>(memory));
}

constexpr i32 BLOCK = THREADS + LANES;

extern "C" __global__ __launch_bounds__(BLOCK, RESIDENT) void matmul(const __grid_constant__ MatMul p) { matmul_of<Plain>(p); }

extern "C" __global__ __launch_bounds__(BLOCK, RESIDENT) void matmul_add(const __grid_constant__ MatMul p) { matmul_of<Add>(p); }

extern "C" __global__ __launch_bounds__(BLOCK, RESIDENT) void matmul_silu_mul(const __grid_constant__ MatMul p) { matmul_of<SiluMul>(p); }

extern "C" __global__ __launch_bounds__(BLOCK, RESIDENT) void matmul_rope(const __grid_constant__ MatMul p) { matmul_of<Rope>(p); }
