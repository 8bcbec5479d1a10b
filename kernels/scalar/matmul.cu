// y[row][n] = sum over k of W[n][k] * x[row][k], or y += that; x rounded to the weights' type first, as tensor cores want it
//
// W: outputs x columns T; x: rows x x_stride float; y: rows x y_stride float.
// Grid: (ceil(outputs / 128), rows). Block: 128, one output a thread, k in order: the bits of an output depend on its row alone.
// Bytes moved: rows x (outputs x columns x 2 + columns x 4) + rows x outputs x 4. Called by CudaBackend.MatMul and MatMulAdd.
#include "elements.cuh"

template <bool ADD> __device__ void matmul_of(const ELEMENT* __restrict__ weight, const float* __restrict__ x, float* __restrict__ y, i32 outputs, i32 columns, i32 x_stride, i32 y_stride)
{
    i32 n = blockIdx.x * blockDim.x + threadIdx.x, row = blockIdx.y;
    if (n >= outputs)
        return;
    const ELEMENT* w = weight + (u64)n * columns;
    const float* input = x + (u64)row * x_stride;
    float sum = 0.0f;
    for (i32 k = 0; k < columns; k++)
        sum = fmaf(to_float(w[k]), rounded<ELEMENT>(input[k]), sum);
    float* output = y + (u64)row * y_stride + n;
    *output = ADD ? *output + sum : sum;
}

extern "C" __global__ void matmul(const ELEMENT* weight, const float* x, float* y, i32 outputs, i32 columns, i32 x_stride, i32 y_stride)
{
    matmul_of<false>(weight, x, y, outputs, columns, x_stride, y_stride);
}

extern "C" __global__ void matmul_add(const ELEMENT* weight, const float* x, float* y, i32 outputs, i32 columns, i32 x_stride, i32 y_stride)
{
    matmul_of<true>(weight, x, y, outputs, columns, x_stride, y_stride);
}
