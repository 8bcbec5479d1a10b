// The slow twin of compact_kv.cu: from one cache into another, one thread per 16 bytes of the result, so that order does not matter.
//
// source, result [planes][capacity][chunks] of 16 bytes
// Grid: ceil(planes capacity chunks / 256). Block: 256.
#include "step_state.cuh"

struct CompactKvScalar
{
    const uint4* source;
    uint4* result;
    const i32* path;
    const i32* length;
    const StepState* state;
    i32 planes;
    i32 capacity;
    i32 chunks;
};

extern "C" __global__ void compact_kv_scalar(const __grid_constant__ CompactKvScalar p)
{
    size_t at = (size_t)blockIdx.x * blockDim.x + threadIdx.x, row_of_all = at / p.chunks, plane = row_of_all / p.capacity;
    if (plane >= p.planes)
        return;
    i32 row = (i32)(row_of_all % p.capacity), slot = row - p.state->committed;
    i32 from = slot >= 0 && slot < *p.length ? p.state->committed + p.path[slot] : row;
    p.result[at] = p.source[(plane * p.capacity + from) * p.chunks + at % p.chunks];
}
