// attend.cu's result for any head_dim that is a multiple of 8 and at most 256, without tensor cores, in one launch: the slow twin, and what
// devices before compute capability 8.0 run.
//
// Layouts: attend.cuh; the workspace is not used. Grid: (heads, count). Block: 128. Shared memory: 1536 bytes, static.
// Keys are taken in chunks of 128 positions that begin at position 0 whatever the prefix, and in each in the order of positions, so the
// bits of a row depend on its position and its path's keys alone, not on where the prefix ends. Bytes: each row reads its keys and values
// once a head. Called by AttendKernels. Reference: AttendReference (C#).
#include "attend.cuh"
#include "block_reduce.cuh"
#include "block_sum.cuh"
#include "exact_math.cuh"

constexpr i32 KEYS = 128;
constexpr i32 MOST_DIMS = 256;

extern "C" __global__ __launch_bounds__(KEYS, 8) void attend(const __grid_constant__ Attend p)
{
    __shared__ float query[MOST_DIMS];
    __shared__ float weights[KEYS];
    __shared__ i32 cache_rows[KEYS];
    i32 head = blockIdx.x, row = p.first_row + blockIdx.y, kv_head = head / p.group, t = threadIdx.x;
    PassRow place = load_row(p.pass, row);
    const Sequence& sequence = *p.pass.parts[place.part].sequence;
    i32 positions = place.position + 1;
    u64 plane = (u64)kv_head * p.capacity * p.head_dim;
    for (i32 d = t; d < p.head_dim; d += KEYS)
        query[d] = to_float(p.queries[(u64)row * p.query_stride + head * p.head_dim + d]);
    // query[] is complete.
    __syncthreads();
    float max = -infinity(), total = 0.0f, sums[MOST_DIMS / KEYS] = {};
    for (i32 start = 0; start < positions; start += KEYS)
    {
        i32 count = min(KEYS, positions - start);
        i32 at = 0;
        float score = -infinity();
        if (t < count)
        {
            at = row_of_path(sequence, p.pass.cache, place.node, start + t);
            const ELEMENT* key = p.keys + plane + (u64)at * p.head_dim;
            score = 0.0f;
            for (i32 d = 0; d < p.head_dim; d++)
                score = fmaf(query[d], to_float(key[d]), score);
            score *= p.scale;
        }
        float new_max = fmaxf(max, block_reduce<Largest>(score, -infinity()));
        float weight = t < count ? exact_exp(score - new_max) : 0.0f, shrink = exact_exp(max - new_max);
        // weights[] and cache_rows[] are free: the maximum's barriers came behind their last readers.
        weights[t] = weight;
        cache_rows[t] = at;
        // The sum's barriers also complete both.
        total = fmaf(total, shrink, block_sum(weight));
        max = new_max;
        for (i32 part = 0; part < MOST_DIMS / KEYS; part++)
        {
            i32 d = t + part * KEYS;
            if (d >= p.head_dim)
                break;
            float sum = sums[part] * shrink;
            for (i32 key = 0; key < count; key++)
            {
                const ELEMENT* value = p.values + plane + (u64)cache_rows[key] * p.head_dim;
                sum = fmaf(weights[key], to_float(value[d]), sum);
            }
            sums[part] = sum;
        }
    }
    for (i32 part = 0; part < MOST_DIMS / KEYS; part++)
    {
        i32 d = t + part * KEYS;
        if (d < p.head_dim)
            p.output[operand_at(row, head * p.head_dim + d, p.output_rows)] = from_float<ELEMENT>(sums[part] / total);
    }
}
