// x[row][c] = table[token of the row's node][c], the first thing of a pass. It also finds each row's position and its place in the cache.
//
// Embed has the layouts. ELEMENT: F16 or BF16. Eight columns a thread: 16 bytes in, 32 out.
// Grid: (ceil(ceil(columns / 8) / 128), rows). Block: 128.
// Bytes asked for: rows x columns x (2 + 4), 28 a thread for the row's token, and 36 a row for its place, 12 less for nodes before the root.
// Called by RowKernels. Reference: EmbedReference (C#). Each output is computed by itself, so this is its own scalar twin; any device.
#include "elements.cuh"
#include "pass.cuh"
#include "weights.cuh"

struct Embed
{
    const ELEMENT* table;    // [vocabulary][columns] in blocks (weights.cuh)
    Pass pass;               // rows x of them; their position and cache_row are written
    float* x;                // [rows][x_stride], rows at multiples of 16 bytes
    i32 columns;
    i32 x_stride;
};

extern "C" __global__ __launch_bounds__(128) void embed(const __grid_constant__ Embed p)
{
    i32 row = blockIdx.y, first = (blockIdx.x * blockDim.x + threadIdx.x) * CHUNK;
    if (first >= p.columns)
        return;
    PassRow& place = p.pass.rows[row];
    const Sequence& sequence = *p.pass.parts[place.part].sequence;
    i32 node = place.node;
    if (first == 0)
    {
        i32 committed = sequence.committed, position = committed + depth_of(sequence, node);
        i32 at = cache_row(pages_of(sequence, p.pass.cache), committed + node);
        place.position = position;
        place.cache_row = at;
    }
    const ELEMENT* source = p.table + weight_at(sequence.tokens[node], first, p.columns);
    float* x = p.x + (size_t)row * p.x_stride + first;
    if (first + CHUNK > p.columns)
    {
        for (i32 c = 0; first + c < p.columns; c++)
            x[c] = to_float(source[c]);
        return;
    }
    uint4 packed = *reinterpret_cast<const uint4*>(source);
    const ELEMENT* of = reinterpret_cast<const ELEMENT*>(&packed);
    float4* to = reinterpret_cast<float4*>(x);
    to[0] = make_float4(to_float(of[0]), to_float(of[1]), to_float(of[2]), to_float(of[3]));
    to[1] = make_float4(to_float(of[4]), to_float(of[5]), to_float(of[6]), to_float(of[7]));
}
