// Moves the accepted path's rows of the KV cache behind the committed rows, in place, for all layers, K and V, in one launch.
//
//   row committed + i  =  row committed + path[i]      for i = 0 .. length - 1
//
// cache   [planes][capacity][chunks] of 16 bytes; planes = layers x {k, v} x kv heads, chunks = head_dim x element size / 16
// path    [length] ascending node ids, so path[i] >= i; *length (of Verdict: length for the target, kept for the draft) and state->committed are read on the device
//
// One thread owns one 16-byte column and walks the path upwards: when row committed + path[i] is read, only rows before committed + i have been
// written, and path[i] >= i. Columns are independent, so there is no barrier, no shared memory and no second buffer.
//
// Grid: ceil(planes chunks / 256). Block: 256.
// Bytes: 32 per column and moved row (from the first i with path[i] != i on).
// Called by: the end of a step, once per model. Reference: CpuKvCache.Compact (C#); compact_kv_scalar.cu.
#include "step_state.cuh"

// Loads in flight before the first store. Rows of later batches lie at or behind committed + i + BATCH.
constexpr i32 BATCH = 8;

struct CompactKv
{
    uint4* cache;
    const i32* path;
    const i32* length;
    const StepState* state;
    i32 planes;
    i32 capacity;
    i32 chunks;
};

extern "C" __global__ __launch_bounds__(256) void compact_kv(const __grid_constant__ CompactKv p)
{
    i32 column = blockIdx.x * blockDim.x + threadIdx.x;
    if (column >= p.planes * p.chunks)
        return;
    i32 plane = column / p.chunks, chunk = column % p.chunks, length = *p.length, kept = 0;
    uint4* rows = p.cache + ((size_t)plane * p.capacity + p.state->committed) * p.chunks + chunk;
    while (kept < length && p.path[kept] == kept)
        kept++;
    for (i32 begin = kept; begin < length; begin += BATCH)
    {
        uint4 moving[BATCH];
#pragma unroll
        for (i32 i = 0; i < BATCH; i++)
        {
            if (begin + i < length)
                moving[i] = rows[(size_t)p.path[begin + i] * p.chunks];
        }
#pragma unroll
        for (i32 i = 0; i < BATCH; i++)
        {
            if (begin + i < length)
                rows[(size_t)(begin + i) * p.chunks] = moving[i];
        }
    }
}
