// output[row][head] = sum over j of softmax over j of (q . K[j] / sqrt(D)) * V[j], j over the positions 0 .. q of the row: the committed
// prefix, then the row's own path in the tree
//
// qkv: rows of (heads + 2 kv_heads) x D float, stride apart, of which the queries are read; keys, values: this layer's planes, kv_heads x capacity x D T;
// rows: of the pass; output: rows of heads x D float, output_stride apart.
// Grid: (heads, rows). Block: 128. D is at most 256. Shared memory: (D + 128) floats.
// Keys are taken in chunks of 128 positions that begin at position 0 whatever the prefix, and in each in the order of positions, so the
// bits of a row depend on its position and its path's keys alone, not on where the prefix ends. Bytes moved: each row reads its keys and
// values once a head. Called by CudaBackend.Attend; the reference is AttentionKernel.
#include "block_reduce.cuh"
#include "block_sum.cuh"
#include "elements.cuh"
#include "exact_math.cuh"
#include "pass_rows.cuh"

constexpr i32 CHUNK = 128;
constexpr i32 MOST_DIMS = 256;

extern "C" __global__ void attend(
    const float* __restrict__ qkv, const ELEMENT* __restrict__ keys, const ELEMENT* __restrict__ values,
    const __grid_constant__ PassRows rows, float* __restrict__ output,
    i32 kv_heads, i32 head_dim, i32 capacity, i32 stride, i32 output_stride, float scale)
{
    __shared__ float query[MOST_DIMS];
    __shared__ float weights[CHUNK];
    i32 heads = gridDim.x, head = blockIdx.x, row = blockIdx.y, kv_head = head / (heads / kv_heads), t = threadIdx.x;
    i32 prefix = prefix_of(rows), node = rows.nodes[row], positions = prefix + rows.depths[node] + 1;
    const i32* path = rows.paths + (u64)node * rows.levels;
    const ELEMENT* head_keys = keys + (u64)kv_head * capacity * head_dim;
    const ELEMENT* head_values = values + (u64)kv_head * capacity * head_dim;
    for (i32 d = t; d < head_dim; d += CHUNK)
        query[d] = qkv[(u64)row * stride + head * head_dim + d] * scale;
    // query[] is complete.
    __syncthreads();
    float max = -infinity(), total = 0.0f, sums[MOST_DIMS / CHUNK] = {};
    for (i32 start = 0; start < positions; start += CHUNK)
    {
        i32 position = start + t, count = min(CHUNK, positions - start);
        float score = -infinity();
        if (t < count)
        {
            const ELEMENT* key = head_keys + (u64)cache_row(position, prefix, path) * head_dim;
            score = 0.0f;
            for (i32 d = 0; d < head_dim; d++)
                score = fmaf(query[d], to_float(key[d]), score);
        }
        float new_max = fmaxf(max, block_reduce<Largest>(score, -infinity()));
        float weight = t < count ? exact_exp(score - new_max) : 0.0f, shrink = exact_exp(max - new_max);
        // weights[] is free: the maximum's barriers came behind its last readers.
        weights[t] = weight;
        // The sum's barriers also complete weights[].
        total = fmaf(total, shrink, block_sum(weight));
        max = new_max;
        for (i32 part = 0; part < MOST_DIMS / CHUNK; part++)
        {
            i32 d = t + part * CHUNK;
            if (d >= head_dim)
                break;
            float sum = sums[part] * shrink;
            for (i32 k = 0; k < count; k++)
            {
                i32 j = start + k;
                sum = fmaf(weights[k], to_float(head_values[(u64)cache_row(j, prefix, path) * head_dim + d]), sum);
            }
            sums[part] = sum;
        }
    }
    for (i32 part = 0; part < MOST_DIMS / CHUNK; part++)
    {
        i32 d = t + part * CHUNK;
        if (d < head_dim)
            output[(u64)row * output_stride + head * head_dim + d] = sums[part] / total;
    }
}
