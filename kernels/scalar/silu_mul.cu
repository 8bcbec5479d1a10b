// hidden[row][c] = silu(gate) * up, silu(g) = g / (1 + e^-g), gate and up side by side in each row
//
// gate_up: rows of 2 columns float; hidden: rows of columns float; each its stride apart. Grid: rows. Block: any. Bytes moved: rows x columns x 12.
// Called by CudaBackend.SiluMul; the reference is ElementwiseKernels.SiluMul.
#include "exact_math.cuh"

extern "C" __global__ void silu_mul(const float* __restrict__ gate_up, float* __restrict__ hidden, i32 columns, i32 gate_up_stride, i32 stride)
{
    const float* gate = gate_up + (u64)blockIdx.x * gate_up_stride;
    for (i32 c = threadIdx.x; c < columns; c += blockDim.x)
    {
        float g = gate[c], e = exact_exp(-fabsf(g));
        float sigmoid = (g < 0.0f ? e : 1.0f) / (1.0f + e);
        hidden[(u64)blockIdx.x * stride + c] = g * sigmoid * gate[columns + c];
    }
}
