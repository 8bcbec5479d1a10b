// The slow twin of compact_kv.cu: from one cache into another, one thread per 16 bytes of the result, so that order does not matter.
//
// result [planes][capacity][chunks] of 16 bytes
// Grid: ceil(planes capacity chunks / 256). Block: 256.
#include "compact_kv.cuh"

struct CompactKvScalar : CompactKv
{
    uint4* result;
    i32 part_count;
};

extern "C" __global__ void compact_kv_scalar(const __grid_constant__ CompactKvScalar p)
{
    size_t at = (size_t)blockIdx.x * blockDim.x + threadIdx.x, row_of_all = at / p.chunks, plane = row_of_all / p.capacity;
    if (plane >= p.planes)
        return;
    i32 row = (i32)(row_of_all % p.capacity), from = row;
    for (i32 part = 0; part < p.part_count; part++)
    {
        const Sequence& sequence = *p.parts[part].sequence;
        const i32 *path = p.outcomes.path(part), *pages = pages_of(sequence, p.cache_of);
        for (i32 i = 0; i < p.rows_of(part); i++)
        {
            if (cache_row(pages, sequence.committed + i) == row)
                from = cache_row(pages, sequence.committed + path[i]);
        }
    }
    p.result[at] = p.cache[(plane * p.capacity + from) * p.chunks + at % p.chunks];
}
