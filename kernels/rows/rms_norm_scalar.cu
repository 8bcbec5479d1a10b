// The slow twin of rms_norm.cu: one thread a row, columns in order.
//
// Grid: rows. Block: 1.
#include "rms_norm.cuh"

extern "C" __global__ void rms_norm(const __grid_constant__ RmsNorm p)
{
    const float* x = p.x + (size_t)blockIdx.x * p.x_stride;
    float squares = 0.0f;
    for (i32 c = 0; c < p.columns; c++)
        squares = fmaf(x[c], x[c], squares);
    float scale = scale_of(squares, p);
    for (i32 c = 0; c < p.columns; c++)
        p.y[operand_at(blockIdx.x, c, p.y_rows)] = from_float<ELEMENT>(x[c] * scale * p.weight[c]);
}
