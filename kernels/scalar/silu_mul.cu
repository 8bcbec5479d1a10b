// hidden[row][c] = silu(gate) * up, silu(g) = g / (1 + e^-g), gate and up side by side in each row
//
// gate_up: rows x 2 columns float; hidden: rows x columns float. Grid: rows. Block: any. Bytes moved: rows x columns x 12.
// Called by CudaBackend.SiluMul; the reference is ElementwiseKernels.SiluMul.
#include "exact_math.cuh"

extern "C" __global__ void silu_mul(const float* __restrict__ gate_up, float* __restrict__ hidden, i32 columns)
{
    const float* gate = gate_up + (u64)blockIdx.x * 2 * columns;
    for (i32 c = threadIdx.x; c < columns; c += blockDim.x)
    {
        float g = gate[c], e = exact_exp(-fabsf(g));
        float sigmoid = (g < 0.0f ? e : 1.0f) / (1.0f + e);
        hidden[(u64)blockIdx.x * columns + c] = g * sigmoid * gate[columns + c];
    }
}
