// x[row][c] = table[token of the row's node][c], the first thing of a pass, and what the first norm makes of it (norm.cuh). It also finds each row's
// position and its place in the cache.
//
// Embed has the layouts. ELEMENT: F16 or BF16. Eight columns a thread at a time: 16 bytes in, 32 and 16 out.
// Grid: rows. Block: 256.
// Bytes asked for: rows x columns x (2 x 2 + 4 + 4 + 2), the table's row twice, the second time from a cache; of each 128 columns 8 for their squares
// and, by each warp, 4 to add them up; 28 a thread for the row's token, and 36 a row for its place, 12 less for nodes before the root.
// Called by EmbedKernel. Reference: EmbedReference (C#). Rows are computed by themselves, so this is its own scalar twin; any device.
#include "earlier_kernels.cuh"
#include "norm.cuh"
#include "pass.cuh"
#include "weights.cuh"

struct Embed
{
    const ELEMENT* table;     // [vocabulary][columns] in blocks (weights.cuh)
    Pass pass;                // rows x of them; their position and cache_row are written
    float* x;                 // [rows][x_stride], rows at multiples of 16 bytes
    const float* norm_weight; // [columns], at a multiple of 16 bytes
    ELEMENT* normed;          // [normed_rows][columns] as operands
    Norm norm;                // both written
    i32 columns;
    i32 x_stride;
    i32 normed_rows;
};

// Eight columns of the table's row, 0 behind the last.
struct Eight
{
    float of[CHUNK];

    __device__ Eight(const Embed& p, i32 tok, i32 first)
    {
        uint4 packed = *reinterpret_cast<const uint4*>(p.table + weight_at(tok, first, p.columns));
        const ELEMENT* elements = reinterpret_cast<const ELEMENT*>(&packed);
#pragma unroll
        for (i32 i = 0; i < CHUNK; i++)
            of[i] = first + i < p.columns ? to_float(elements[i]) : 0.0f;
    }
};

extern "C" __global__ __launch_bounds__(256) void embed(const __grid_constant__ Embed p)
{
    constexpr i32 PART_LANES = NORM_COLUMNS / CHUNK;
    i32 row = blockIdx.x, parts = norm_parts(p.columns);
    let_next_kernel_start();
    wait_for_earlier_kernels();
    PassRow& place = p.pass.rows[row];
    const Sequence& sequence = *p.pass.parts[place.part].sequence;
    i32 node = place.node, tok = sequence.tokens[node];
    if (threadIdx.x == 0)
    {
        i32 committed = sequence.committed, position = committed + depth_of(sequence, node);
        i32 at = cache_row(pages_of(sequence, p.pass.cache), committed + node);
        place.position = position;
        place.cache_row = at;
    }
    // Whole warps go round, as their lanes add up squares together.
    for (i32 begin = 0; begin < p.columns; begin += blockDim.x * CHUNK)
    {
        i32 first = begin + threadIdx.x * CHUNK;
        float sum = 0.0f;
        if (first < p.columns)
        {
            Eight eight(p, tok, first);
            float* x = p.x + (size_t)row * p.x_stride + first;
#pragma unroll
            for (i32 i = 0; i < CHUNK; i++)
                sum = fmaf(eight.of[i], eight.of[i], sum);
            if (first + CHUNK <= p.columns)
            {
                reinterpret_cast<float4*>(x)[0] = make_float4(eight.of[0], eight.of[1], eight.of[2], eight.of[3]);
                reinterpret_cast<float4*>(x)[1] = make_float4(eight.of[4], eight.of[5], eight.of[6], eight.of[7]);
            }
            else
            {
#pragma unroll
                for (i32 i = 0; i < CHUNK; i++)
                {
                    if (first + i < p.columns)
                        x[i] = eight.of[i];
                }
            }
        }
        for (i32 apart = PART_LANES / 2; apart > 0; apart /= 2)
            sum += __shfl_xor_sync(WARP, sum, apart);
        if (threadIdx.x % PART_LANES == 0 && first < p.columns)
            p.norm.squares[(size_t)row * parts + first / NORM_COLUMNS] = p.norm.before[(size_t)row * parts + first / NORM_COLUMNS] = sum;
    }
    // The row's sums of squares are complete.
    __syncthreads();
    float scale = operand_scale(mean_square(p.norm.squares, row, p.columns, p.norm.epsilon));
    for (i32 first = threadIdx.x * CHUNK; first < p.columns; first += blockDim.x * CHUNK)
    {
        Eight eight(p, tok, first);
        ELEMENT operands[CHUNK];
#pragma unroll
        for (i32 i = 0; i < CHUNK; i++)
            operands[i] = from_float<ELEMENT>(first + i < p.columns ? eight.of[i] * p.norm_weight[first + i] * scale : 0.0f);
        // Padding of columns stays 0.
        *reinterpret_cast<uint4*>(p.normed + operand_at(row, first, p.normed_rows)) = make_uint4(
            operands[0].bits | (u32)operands[1].bits << 16, operands[2].bits | (u32)operands[3].bits << 16,
            operands[4].bits | (u32)operands[5].bits << 16, operands[6].bits | (u32)operands[7].bits << 16);
    }
}
