// The linear layers in their plain form: one output, or pair, a thread; k in order. matmul.cu has the formulas, epilogue.cuh the layouts.
//
// Grid: (ceil(outputs or pairs / 128), rows). Block: 128. Bytes asked for: 4 columns a row and output, and results as in matmul.cu.
// Called by: MatMulKernels.cs, where there are no tensor cores for ELEMENT, and as the oracle of matmul.cu. Reference: MatMulReference.cs.
#include "epilogue.cuh"
#include "weights.cuh"

__device__ inline float dot(const MatMul& p, i32 stored_row, const ELEMENT* x)
{
    float sum = 0.0f;
    for (i32 k = 0; k < p.columns; k++)
        sum = fmaf(to_float(p.weight[weight_at(stored_row, k / CHUNK * CHUNK, p.columns) + k % CHUNK]), to_float(x[k]), sum);
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
        i32 first = i / PAIRS_OF_TILE * 2 * PAIRS_OF_TILE + i % PAIRS_OF_TILE;
        epilogue.write(row, dot(p, first, x), dot(p, first + PAIRS_OF_TILE, x));
    }
    else
    {
        epilogue.write(row, dot(p, i, x));
    }
}

extern "C" __global__ void matmul(const __grid_constant__ MatMul p) { matmul_of<Plain>(p); }

extern "C" __global__ void matmul_add(const __grid_constant__ MatMul p) { matmul_of<Add>(p); }

extern "C" __global__ void matmul_silu_mul(const __grid_constant__ MatMul p) { matmul_of<SiluMul>(p); }

extern "C" __global__ void matmul_rope(const __grid_constant__ MatMul p) { matmul_of<Rope>(p); }
