// x[row][c] = table[tokens[nodes[row]]][c]
//
// table: vocabulary x columns T; tokens: of all nodes; nodes: of the rows; x: rows x stride float.
// Grid: rows. Block: any. Bytes moved: rows x columns x (2 + 4). Called by CudaBackend.Embed; the reference is CpuBackend.Embed.
#include "elements.cuh"

extern "C" __global__ void embed(const ELEMENT* __restrict__ table, const i32* __restrict__ tokens, const i32* __restrict__ nodes, float* __restrict__ x, i32 columns, i32 stride)
{
    i32 row = blockIdx.x;
    const ELEMENT* source = table + (u64)tokens[nodes[row]] * columns;
    for (i32 c = threadIdx.x; c < columns; c += blockDim.x)
        x[(u64)row * stride + c] = to_float(source[c]);
}
