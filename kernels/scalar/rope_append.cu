// Rotates each pair (d, d + D/2) of the queries, in place, and of the keys, on their way into the cache, by the angle of the row's
// position; copies the values into the cache.
//
// qkv: rows of (heads + 2 kv_heads) x D float, stride apart; cos, sin: positions x D/2 float; rows: of the pass;
// keys, values: this layer's planes, kv_heads x capacity x D T. Row i goes to the cache row prefix + node, at position prefix + depth.
// Grid: (heads + 2 kv_heads, rows). Block: D/2. Bytes moved: rows x (heads + 2 kv_heads) x D x 8 at most.
// Called by CudaBackend.RopeAppend; the reference is RopeAppendJob.
#include "elements.cuh"
#include "pass_rows.cuh"

extern "C" __global__ void rope_append(
    float* __restrict__ qkv, const float* __restrict__ cos, const float* __restrict__ sin, const __grid_constant__ PassRows rows,
    ELEMENT* __restrict__ keys, ELEMENT* __restrict__ values, i32 heads, i32 kv_heads, i32 capacity, i32 stride)
{
    i32 pairs = blockDim.x, pair = threadIdx.x, head = blockIdx.x, row = blockIdx.y, head_dim = 2 * pairs;
    i32 prefix = prefix_of(rows), node = rows.nodes[row], position = prefix + rows.depths[node];
    float* source = qkv + (u64)row * stride + head * head_dim;
    float a = source[pair], b = source[pair + pairs];
    if (head >= heads + kv_heads)
    {
        ELEMENT* value = values + ((u64)(head - heads - kv_heads) * capacity + prefix + node) * head_dim;
        value[pair] = from_float<ELEMENT>(a);
        value[pair + pairs] = from_float<ELEMENT>(b);
        return;
    }
    float c = cos[(u64)position * pairs + pair], s = sin[(u64)position * pairs + pair];
    float first = fmaf(a, c, -(b * s)), second = fmaf(b, c, a * s);
    if (head < heads)
    {
        source[pair] = first;
        source[pair + pairs] = second;
        return;
    }
    ELEMENT* key = keys + ((u64)(head - heads) * capacity + prefix + node) * head_dim;
    key[pair] = from_float<ELEMENT>(first);
    key[pair + pairs] = from_float<ELEMENT>(second);
}
