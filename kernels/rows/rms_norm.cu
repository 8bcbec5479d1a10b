// y[row][c] = x[row][c] * weight[c] / sqrt(mean over c of x[row][c]^2 + epsilon), rounded to what the next matrix is stored in
//
// RmsNorm has the layouts. ELEMENT: F16 or BF16. Four columns a thread at a time.
// Grid: rows. Block: 256, always, as the order of the sum depends on it.
// Bytes asked for: rows x columns x (8 + 4 + 2): x twice, the second time from a cache, the weights, and y.
// Called by RowKernels. Reference: RmsNormReference (C#); rms_norm_scalar.cu.
#include "block_sum.cuh"
#include "rms_norm.cuh"

constexpr i32 FOUR = 4;

extern "C" __global__ __launch_bounds__(256) void rms_norm(const __grid_constant__ RmsNorm p)
{
    const float* x = p.x + (size_t)blockIdx.x * p.x_stride;
    float squares = 0.0f;
    for (i32 first = FOUR * threadIdx.x; first < p.columns; first += FOUR * blockDim.x)
    {
        if (first + FOUR > p.columns)
        {
            for (i32 c = first; c < p.columns; c++)
                squares = fmaf(x[c], x[c], squares);
            break;
        }
        float4 v = *reinterpret_cast<const float4*>(x + first);
        squares = fmaf(v.w, v.w, fmaf(v.z, v.z, fmaf(v.y, v.y, fmaf(v.x, v.x, squares))));
    }
    float scale = scale_of(block_sum(squares), p);
    for (i32 first = FOUR * threadIdx.x; first < p.columns; first += FOUR * blockDim.x)
    {
        if (first + FOUR > p.columns)
        {
            for (i32 c = first; c < p.columns; c++)
                p.y[operand_at(blockIdx.x, c, p.y_rows)] = from_float<ELEMENT>(x[c] * scale * p.weight[c]);
            break;
        }
        float4 v = *reinterpret_cast<const float4*>(x + first), factor = *reinterpret_cast<const float4*>(p.weight + first);
        ELEMENT packed[FOUR] = {
            from_float<ELEMENT>(v.x * scale * factor.x), from_float<ELEMENT>(v.y * scale * factor.y),
            from_float<ELEMENT>(v.z * scale * factor.z), from_float<ELEMENT>(v.w * scale * factor.w)};
        *reinterpret_cast<uint2*>(p.y + operand_at(blockIdx.x, first, p.y_rows)) = make_uint2(packed[0].bits | (u32)packed[1].bits << 16, packed[2].bits | (u32)packed[3].bits << 16);
    }
}
