// The linear layers in their plain form: one output, or pair, a thread; k in order. matmul.cu has the formulas, epilogue.cuh the layouts.
//
// Grid: (ceil(outputs or pairs / 128), rows). Block: 128. Bytes asked for: 4 columns a row and output, and results as in matmul.cu.
// Called by: MatMulKernels.cs, where there are no tensor cores for ELEMENT, and as the oracle of matmul.cu. Reference: MatMulReference.cs.
#include "epilogue.cuh"

__device__ inline float dot(const ELEMENT* weight, const ELEMENT* x, i32 columns)
{
    float sum = 0.0f;
    for (i32 k = 0; k < columns; k++)
        sum = fmaf(to_float(weight[k]), to_float(x[k]), sum);
    return sum;
}

template <typename Epilogue> __device__ void matmul_of(const MatMul& p)
{
    i32 i = blockIdx.x * blockDim.x + threadIdx.x, row = blockIdx.y;
    if (i >= (Epilogue::PAIRED ? p.outputs / 2 : p.outputs))
        return;
    const ELEMENT* x = p.x + (size_t)row * p.x_stride;
    Epilogue epilogue(p, i);
    if constexpr (Epilogue::PAIRED)
    {
        const ELEMENT* first = p.weight + (size_t)(i / PAIRS_OF_TILE * 2 * PAIRS_OF_TILE + i % PAIRS_OF_TILE) * p.weight_stride;
        const ELEMENT* second = first + (size_t)PAIRS_OF_TILE * p.weight_stride;
        epilogue.write(row, dot(first, x, p.columns), dot(second, x, p.columns));
    }
    else
    {
        epilogue.write(row, dot(p.weight + (size_t)i * p.weight_stride, x, p.columns));
    }
}

extern "C" __global__ void matmul(const __grid_constant__ MatMul p) { matmul_of<Plain>(p); }

extern "C" __global__ void matmul_add(const __grid_constant__ MatMul p) { matmul_of<Add>(p); }

extern "C" __global__ void matmul_silu_mul(const __grid_constant__ MatMul p) { matmul_of<SiluMul>(p); }

extern "C" __global__ void matmul_rope(const __grid_constant__ MatMul p) { matmul_of<Rope>(p); }
