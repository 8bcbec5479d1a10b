// x[row][c] = table[token of the row's node][c], the first thing of a pass
//
// Embed has the layouts. ELEMENT: F16 or BF16. Eight columns a thread: 16 bytes in, 32 out.
// Grid: (ceil(ceil(columns / 8) / 128), rows). Block: 128.
// Bytes asked for: rows x columns x (2 + 4), and 8 a thread for the row's node and token.
// Called by RowKernels. Reference: EmbedReference (C#). Each output is computed by itself, so this is its own scalar twin; any device.
#include "elements.cuh"

struct Embed
{
    const ELEMENT* table;    // [vocabulary][table_stride], rows at multiples of 16 bytes
    const i32* tok_of_node;  // [nodes of the tree]
    const i32* nodes;        // [rows]
    float* x;                // [rows][x_stride], rows at multiples of 16 bytes
    i32 columns;
    i32 table_stride;
    i32 x_stride;
};

constexpr i32 CHUNK = 8;

extern "C" __global__ __launch_bounds__(128) void embed(const __grid_constant__ Embed p)
{
    i32 row = blockIdx.y, first = (blockIdx.x * blockDim.x + threadIdx.x) * CHUNK;
    if (first >= p.columns)
        return;
    const ELEMENT* source = p.table + (size_t)p.tok_of_node[p.nodes[row]] * p.table_stride + first;
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
