// y[row][c] = x[row][c] * weight[c] / sqrt(mean over c of x[row][c]^2 + epsilon)
//
// x, y: rows x stride float; weight: columns float. Grid: rows. Block: 256, always, as the order of the sum depends on it.
// Bytes moved: rows x columns x 8 + columns x 4. Called by CudaBackend.RmsNorm; the reference is ElementwiseKernels.RmsNorm.
#include "block_sum.cuh"

extern "C" __global__ void rms_norm(const float* __restrict__ x, const float* __restrict__ weight, float* __restrict__ y, i32 columns, i32 stride, float epsilon)
{
    const float* source = x + (u64)blockIdx.x * stride;
    float squares = 0.0f;
    for (i32 c = threadIdx.x; c < columns; c += blockDim.x)
        squares = fmaf(source[c], source[c], squares);
    float scale = 1.0f / sqrtf(block_sum(squares) / (float)columns + epsilon);
    for (i32 c = threadIdx.x; c < columns; c += blockDim.x)
        y[(u64)blockIdx.x * stride + c] = source[c] * scale * weight[c];
}
