// The linear layers in their plain form: one output, or pair, a thread; k in order. matmul.cu has the formulas, epilogue.cuh the layouts.
//
// Grid: (ceil(outputs or pairs / 128), rows). Block: 128. Bytes asked for: 4 columns a row and output, and results as in matmul.cu.
// Called by: MatMulKernels.cs, where there are no tensor cores for ELEMENT, and as the oracle of matmul.cu. Reference: MatMulReference.cs.
#include "epilogue.cuh"
#include "weights.cuh"

__device__ inline float dot(const MatMul& p, i32 stored_row, i32 row)
{
    float sum = 0.0f;
    for (i32 k = 0; k < p.columns; k++)
        sum = fmaf(to_float(p.weight[weight_at(stored_row, k, p.columns)]), to_float(p.x[operand_at(row, k, p.x_rows)]), sum);
    return sum;
}

template <typename Epilogue> __device__ void matmul_of(const MatMul& p)
{
    __shared__ float of_row;
    i32 i = blockIdx.x * blockDim.x + threadIdx.x, row = blockIdx.y;
    if (threadIdx.x < LANES)
    {
        float factor = Epilogue::factor(p, row);
        if (threadIdx.x == 0)
            of_row = factor;
    }
    // of_row is found.
    __syncthreads();
    if (i >= (Epilogue::PAIRED ? p.outputs / 2 : p.outputs))
        return;
    Epilogue epilogue(p, i);
    if constexpr (Epilogue::PAIRED)
    {
        i32 first = i / PAIRS_OF_TILE * 2 * PAIRS_OF_TILE + i % PAIRS_OF_TILE;
        epilogue.write(row, dot(p, first, row) * of_row, dot(p, first + PAIRS_OF_TILE, row) * of_row);
    }
    else
    {
        epilogue.write(row, dot(p, i, row) * of_row);
    }
}

extern "C" __global__ void matmul(const __grid_constant__ MatMul p) { matmul_of<Plain>(p); }

// A block has the outputs of one sum of squares.
extern "C" __global__ void matmul_add(const __grid_constant__ MatMul p)
{
    i32 output = blockIdx.x * blockDim.x + threadIdx.x, row = blockIdx.y;
    float scale = Add::factor(p, row), x = 0.0f;
    if (output < p.outputs)
        x = Add(p, output).write(row, dot(p, output, row), scale);
    float squares = block_sum(x * x);
    if (threadIdx.x == 0)
        p.norm.squares[(size_t)row * norm_parts(p.outputs) + blockIdx.x] = squares;
}

extern "C" __global__ void matmul_silu_mul(const __grid_constant__ MatMul p) { matmul_of<SiluMul>(p); }

extern "C" __global__ void matmul_rope(const __grid_constant__ MatMul p) { matmul_of<Rope>(p); }
