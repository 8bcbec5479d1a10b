// What becomes of a matrix product's sums, in fp32: shared by matmul.cu and matmul_scalar.cu, so that both mean the same.
//
// An epilogue is made for one output, or for one pair of outputs of a paired matrix, and then takes the sums of one row of x after the other; those of
// a norm's operands are multiplied by their factor before (norm.cuh). Paired matrices are stored in tiles of 16 rows: the first rows of 8 pairs, then
// their second rows; pairs are padded to a multiple of 8 with rows that hold anything. (PairedRows.cs tells which row of the model's matrices is where.)
#pragma once
#include "exact_math.cuh"
#include "norm.cuh"
#include "operands.cuh"
#include "pass.cuh"

constexpr i32 PAIRS_OF_TILE = 8;

struct MatMul
{
    const ELEMENT* weight; // blocks of 128 stored rows by 64 columns (weights.cuh)
    const ELEMENT* x;      // [x_rows][columns] as operands (operands.cuh)
    void* y;               // [pass.count][y_stride] float (matmul, matmul_add) or ELEMENT (queries); hidden units: [y_rows][pairs] as operands
    float* partials;       // workspace of split sums, and counters, 0 before and after each launch; both unused where grid.z is 1
    u32* arrived;
    const float* cos; // [positions][head_dim / 2]; matmul_rope only, like sin, keys and values
    const float* sin;
    ELEMENT* keys; // [kv_heads][capacity][head_dim], this layer's; capacity is a whole number of pages
    ELEMENT* values;
    const float* norm_weight; // [outputs]; matmul_add only, like normed
    ELEMENT* normed;          // [y_rows][outputs] as operands
    Norm norm;                // of x; of matmul_add, what follows it
    Pass pass;   // only the count matters to others than matmul_rope
    i32 outputs;   // of a paired matrix: both of each pair, without the padding
    i32 columns;
    i32 splits;        // parts of the columns, each summed by itself; the launcher sets it
    i32 x_rows;   // with padding
    i32 y_stride; // elements from row to row
    i32 y_rows;   // with padding; of hidden units and of normed
    i32 heads;
    i32 kv_heads;
    i32 head_dim;
    i32 capacity;
    i32 first_normed; // the row of y that row 0 of normed belongs to; those before it are not wanted
};

// What sums are multiplied by, as x are a norm's operands.
struct OfNormed
{
    static __device__ float factor(const MatMul& p, i32 row) { return operand_factor(p.norm, row, p.columns); }
};

// y = sum: logits.
struct Plain : OfNormed
{
    static constexpr bool PAIRED = false;

    float* y;
    i32 stride;

    __device__ Plain(const MatMul& p, i32 output) : y((float*)p.y + output), stride(p.y_stride) {}

    __device__ void write(i32 row, float sum) const { y[(size_t)row * stride] = sum; }
};

// y += sum: the residual stream, and the next product's operands.
struct Add
{
    static constexpr bool PAIRED = false;

    const MatMul& p;
    i32 output;
    float weight;

    __device__ Add(const MatMul& p, i32 output) : p(p), output(output), weight(p.norm_weight[output]) {}

    // The operands' scale.
    static __device__ float factor(const MatMul& p, i32 row) { return operand_scale(mean_square(p.norm.before, row, p.outputs, p.norm.epsilon)); }

    // The new y.
    __device__ float write(i32 row, float sum, float scale) const
    {
        float& y = ((float*)p.y)[(size_t)row * p.y_stride + output];
        float x = y + sum;
        y = x;
        if (row >= p.first_normed)
            p.normed[operand_at(row - p.first_normed, output, p.y_rows)] = from_float<ELEMENT>(x * weight * scale);
        return x;
    }
};

// y = silu(gate) * up, silu(g) = g / (1 + e^-g): hidden units.
struct SiluMul : OfNormed
{
    static constexpr bool PAIRED = true;

    ELEMENT* y;
    i32 rows;
    i32 pair;

    __device__ SiluMul(const MatMul& p, i32 pair) : y((ELEMENT*)p.y), rows(p.y_rows), pair(pair) {}

    __device__ void write(i32 row, float gate, float up) const
    {
        // e^-|g| never overflows.
        float e = exact_exp(-fabsf(gate));
        float sigmoid = (gate < 0.0f ? e : 1.0f) / (1.0f + e);
        y[operand_at(row, pair, rows)] = from_float<ELEMENT>(gate * sigmoid * up);
    }
};

// A pair is dimensions d and d + head_dim / 2 of one head; heads are queries, then keys, then values. Queries and keys are rotated by the
// angle of the row's position; keys and values go to the row's place in the cache.
struct Rope : OfNormed
{
    static constexpr bool PAIRED = true;

    const MatMul& p;
    i32 half;
    i32 head;
    i32 dim;

    __device__ Rope(const MatMul& p, i32 pair) : p(p), half(p.head_dim / 2), head(pair / half), dim(pair % half) {}

    __device__ void write(i32 row, float a, float b) const
    {
        PassRow place = load_row(p.pass, row);
        float first = a, second = b;
        if (head < p.heads + p.kv_heads)
        {
            size_t angle = (size_t)place.position * half + dim;
            float c = p.cos[angle], s = p.sin[angle];
            first = fmaf(a, c, -(b * s));
            second = fmaf(b, c, a * s);
        }
        ELEMENT* to = (ELEMENT*)p.y + (size_t)row * p.y_stride + head * p.head_dim;
        if (head >= p.heads)
        {
            i32 kv_head = (head - p.heads) % p.kv_heads;
            to = (head < p.heads + p.kv_heads ? p.keys : p.values) + ((size_t)kv_head * p.capacity + place.cache_row) * p.head_dim;
        }
        to[dim] = from_float<ELEMENT>(first);
        to[dim + half] = from_float<ELEMENT>(second);
    }
};
