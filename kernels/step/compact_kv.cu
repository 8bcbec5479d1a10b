// Moves the accepted path's rows of the KV cache behind the committed rows, in place, for all layers, K and V, in one launch.
//
//   row committed + i  =  row committed + path[i]      for i = 0 .. n - 1, of each sequence
//
// cache   [planes][capacity][chunks] of 16 bytes; planes = layers x {k, v} x kv heads, chunks = head_dim x element size / 16
// path    ascending node ids, so path[i] >= i; n is the outcome's length for the target's cache, kept for the draft's
//
// One thread owns one 16-byte column of a sequence and goes up the path: when row committed + path[i] is read, only rows before committed + i
// have been written, and path[i] >= i. Columns are independent, so there is no barrier, no shared memory and no second buffer. Rows behind
// the committed ones are in pages that belong to their sequence alone.
//
// Grid: (ceil(planes chunks / 256), parts). Block: 256.
// Bytes: 32 per column and moved row (from the first i with path[i] != i on).
// Called by: the end of a step, once per model. Reference: CpuKvPool.Compact (C#); compact_kv_scalar.cu.
#include "compact_kv.cuh"

// Loads in flight before the first store. Rows of later batches lie at or behind committed + i + BATCH.
constexpr i32 BATCH = 8;

extern "C" __global__ __launch_bounds__(256, 4) void compact_kv(const __grid_constant__ CompactKv p)
{
    i32 column = blockIdx.x * blockDim.x + threadIdx.x, part = blockIdx.y;
    if (column >= p.planes * p.chunks)
        return;
    const Sequence& sequence = *p.parts[part].sequence;
    const i32 *path = p.outcomes.path(part), *pages = pages_of(sequence, p.cache_of);
    i32 plane = column / p.chunks, chunk = column % p.chunks, length = p.rows_of(part), committed = sequence.committed, kept = 0;
    uint4* rows = p.cache + (size_t)plane * p.capacity * p.chunks + chunk;
    while (kept < length && path[kept] == kept)
        kept++;
    for (i32 begin = kept; begin < length; begin += BATCH)
    {
        uint4 moving[BATCH];
#pragma unroll
        for (i32 i = 0; i < BATCH; i++)
        {
            if (begin + i < length)
                moving[i] = rows[(u32)(cache_row(pages, committed + path[begin + i]) * p.chunks)];
        }
#pragma unroll
        for (i32 i = 0; i < BATCH; i++)
        {
            if (begin + i < length)
                rows[(u32)(cache_row(pages, committed + begin + i) * p.chunks)] = moving[i];
        }
    }
}
