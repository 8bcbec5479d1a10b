// A tile's sums in the registers of 8 warps: how the sums of splits are added up, and what becomes of the totals. Shared by matmul.cu and
// matmul_sm90.cu, so that both add up in the same order. WARP_ROWS, which they define, is the number of a warp's outputs: 16 or 32.
#pragma once
#include "arrival.cuh"
#include "epilogue.cuh"
#include "weights.cuh"

// Those that have sums.
constexpr i32 THREADS = 256;
constexpr i32 WARPS = THREADS / LANES;
static_assert(TOKENS == 8 || TOKENS == 16 || TOKENS == 32 || TOKENS == 64 || TOKENS == 128, "rows of x of a tile");

constexpr i32 WARP_TOKENS = TOKENS * 16 / WARP_ROWS;
static_assert((BLOCK_ROWS / WARP_ROWS) * (TOKENS / WARP_TOKENS) == WARPS, "warps cover a tile");
constexpr i32 ROW_TILES = WARP_ROWS / 16;
constexpr i32 TOKEN_TILES = WARP_TOKENS / 8;

// A thread's sums: for each 16 outputs and 8 tokens, outputs g and g + 8 for tokens 2t and 2t + 1.
using Sums = float[ROW_TILES][TOKEN_TILES][4];

__device__ inline i32 first_row_of_warp() { return threadIdx.x / LANES % (BLOCK_ROWS / WARP_ROWS) * WARP_ROWS; }

__device__ inline i32 first_token_of_warp() { return threadIdx.x / LANES / (BLOCK_ROWS / WARP_ROWS) * WARP_TOKENS; }

// A barrier of the threads that have sums.
__device__ inline void sync_sums() { asm volatile("bar.sync 1, %0;" ::"n"(THREADS) : "memory"); }

// What the products of each row of x are multiplied by; of matmul_add, the scale of what follows. A warp finds a row's. factors: TOKENS, in shared memory.
template <typename Epilogue> __device__ void find_factors(const MatMul& p, i32 first_token, float* factors)
{
    // Several rows' squares are under way at once.
#pragma unroll 4
    for (i32 token = 0; token < TOKENS; token += WARPS)
    {
        i32 of_tile = token + threadIdx.x / LANES;
        // Rows behind the last take its factor, so that no warp waits for a branch.
        float factor = Epilogue::factor(p, min(first_token + of_tile, p.pass.count - 1));
        if (threadIdx.x % LANES == 0)
            factors[of_tile] = factor;
    }
}

// Leaves the sums of a split in the workspace. True in the CTA that arrives last: it gets the totals. is_last: in shared memory.
__device__ inline bool add_splits(const MatMul& p, Sums& sums, bool& is_last)
{
    constexpr i32 FOURS = ROW_TILES * TOKEN_TILES;
    i32 splits = gridDim.z, tile = blockIdx.y * gridDim.x + blockIdx.x;
    // [tile][split][16 outputs and 8 tokens][thread]: each thread finds its own again.
    float4* partials = (float4*)p.partials + (size_t)tile * splits * FOURS * THREADS + threadIdx.x;
#pragma unroll
    for (i32 i = 0; i < FOURS; i++)
    {
        float(&four)[4] = sums[i / TOKEN_TILES][i % TOKEN_TILES];
        partials[(blockIdx.z * FOURS + i) * THREADS] = make_float4(four[0], four[1], four[2], four[3]);
        four[0] = four[1] = four[2] = four[3] = 0.0f;
    }
    // All threads' partials are in the workspace.
    sync_sums();
    if (threadIdx.x == 0)
        is_last = arrives_last(p.arrived + tile, splits);
    // is_last is written, and the others' partials are visible to all threads.
    sync_sums();
    if (!is_last)
        return false;
    for (i32 split = 0; split < splits; split++)
    {
#pragma unroll
        for (i32 i = 0; i < FOURS; i++)
        {
            float(&four)[4] = sums[i / TOKEN_TILES][i % TOKEN_TILES];
            float4 part = partials[(split * FOURS + i) * THREADS];
            four[0] += part.x, four[1] += part.y, four[2] += part.z, four[3] += part.w;
        }
    }
    return true;
}

// The sums of a pair, or of two outputs, of TOKENS / 4 rows of x, are in one thread. squares, in the ring, is for matmul_add alone.
template <typename Epilogue> __device__ void write_sums(const MatMul& p, i32 row_tile, i32 first_token, const Sums& sums, const float* factors, float* squares)
{
    i32 lane = threadIdx.x % LANES, group = lane / 4, outputs = Epilogue::PAIRED ? p.outputs / 2 : p.outputs;
#pragma unroll
    for (i32 of_warp = 0; of_warp < ROW_TILES; of_warp++)
    {
        i32 row = row_tile * BLOCK_ROWS + first_row_of_warp() + 16 * of_warp + group;
#pragma unroll
        for (i32 member = 0; member < (Epilogue::PAIRED ? 1 : 2); member++)
        {
            i32 output = Epilogue::PAIRED ? row / (2 * PAIRS_OF_TILE) * PAIRS_OF_TILE + group : row + 8 * member;
            if (output >= outputs)
                return;
            Epilogue epilogue(p, output);
#pragma unroll
            for (i32 i = 0; i < 2 * TOKEN_TILES; i++)
            {
                i32 token = first_token + first_token_of_warp() + i / 2 * 8 + lane % 4 * 2 + i % 2;
                if (token >= p.pass.count)
                    continue;
                const float(&four)[4] = sums[of_warp][i / 2];
                float factor = factors[token - first_token];
                if constexpr (Epilogue::PAIRED)
                    epilogue.write(token, four[i % 2] * factor, four[2 + i % 2] * factor);
                else
                    epilogue.write(token, four[2 * member + i % 2] * factor);
            }
        }
    }
}

// The same of matmul_add, with the sums of squares of these 128 columns. squares: 8 TOKENS, [16 outputs][TOKENS].
template <> __device__ void write_sums<Add>(const MatMul& p, i32 row_tile, i32 first_token, const Sums& sums, const float* factors, float* squares)
{
    static_assert(NORM_COLUMNS == BLOCK_ROWS, "one sum of squares a tile");
    constexpr i32 SIXTEENS = BLOCK_ROWS / 16;
    i32 lane = threadIdx.x % LANES, group = lane / 4;
    // squares[], a part of the ring, is free: everybody has its sums.
    sync_sums();
#pragma unroll
    for (i32 of_warp = 0; of_warp < ROW_TILES; of_warp++)
    {
        i32 first_row = first_row_of_warp() + 16 * of_warp;
        float of_lane[2 * TOKEN_TILES] = {};
#pragma unroll
        for (i32 member = 0; member < 2; member++)
        {
            i32 output = row_tile * BLOCK_ROWS + first_row + group + 8 * member;
            if (output >= p.outputs)
                break;
            Add epilogue(p, output);
#pragma unroll
            for (i32 i = 0; i < 2 * TOKEN_TILES; i++)
            {
                i32 token = first_token_of_warp() + i / 2 * 8 + lane % 4 * 2 + i % 2;
                if (first_token + token >= p.pass.count)
                    continue;
                float x = epilogue.write(first_token + token, sums[of_warp][i / 2][2 * member + i % 2], factors[token]);
                of_lane[i] = fmaf(x, x, of_lane[i]);
            }
        }
#pragma unroll
        for (i32 i = 0; i < 2 * TOKEN_TILES; i++)
        {
            // Of the 8 lanes that have the token.
            for (i32 apart = 4; apart < LANES; apart *= 2)
                of_lane[i] += __shfl_xor_sync(WARP, of_lane[i], apart);
            if (group == 0)
                squares[first_row / 16 * TOKENS + first_token_of_warp() + i / 2 * 8 + lane * 2 + i % 2] = of_lane[i];
        }
    }
    // squares[] is complete.
    sync_sums();
    i32 token = threadIdx.x;
    if (token < TOKENS && first_token + token < p.pass.count)
    {
        float sum = 0.0f;
        for (i32 sixteen = 0; sixteen < SIXTEENS; sixteen++)
            sum += squares[sixteen * TOKENS + token];
        p.norm.squares[(size_t)(first_token + token) * norm_parts(p.outputs) + row_tile] = sum;
    }
}
