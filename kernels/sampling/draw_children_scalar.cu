// The slow twin of draw_children.cu: one thread per row, a sorted list of the best so far. Same inputs, same outputs, same bits.
//
// workspace [rows][workspace_stride]: vocabulary + scalar_sum_room + the most children of a node, fp32
// Grid: ceil(rows / 32). Block: 32.
#include "draw_children.cuh"
#include "row_distribution_scalar.cuh"

struct DrawChildrenScalar : DrawChildren
{
    float* workspace;
    i32 workspace_stride;
    i32 rows;
};

// Keeps the best `room` in descending order; an equal key stays behind the ones before it.
__device__ inline void insert(float key, i32 tok, float* best_key, i32* best_tok, i32 room, i32& found)
{
    if (room == 0 || !(key > -infinity()) || (found == room && !(key > best_key[room - 1])))
        return;
    i32 at = found < room ? found++ : room - 1;
    for (; at > 0 && best_key[at - 1] < key; at--)
        best_key[at] = best_key[at - 1], best_tok[at] = best_tok[at - 1];
    best_key[at] = key, best_tok[at] = tok;
}

extern "C" __global__ void draw_children_scalar(const __grid_constant__ DrawChildrenScalar p)
{
    i32 row = blockIdx.x * blockDim.x + threadIdx.x;
    if (row >= p.rows)
        return;
    i32 node = p.pass.rows[p.first_row + row].node;
    Sequence& sequence = sequence_of(p.pass, p.first_row + row);
    const TreeShape& tree = sequence.tree;
    i32 wanted = tree.child_count[node], found = 0;
    const float* logits = p.logits + (size_t)row * p.stride;
    i32* child_tok = sequence.tokens + tree.first_child[node];
    float* q = p.workspace + (size_t)row * p.workspace_stride;
    float* tile_sum = q + p.vocabulary;
    float* best_key = tile_sum + scalar_sum_room(p.vocabulary);
    RowScale scale;
    sequence.draft_row[node] = p.first_draft_row + row;
    if (takes_likeliest(sequence))
    {
        bool is_nan = false;
        for (i32 tok = 0; tok < p.vocabulary; tok++)
        {
            is_nan |= logits[tok] != logits[tok];
            insert(logits[tok], tok, best_key, child_tok, wanted, found);
        }
        found = is_nan ? 0 : found;
    }
    else if (scalar_row_distribution(logits, p.vocabulary, sequence.sampling, q, tile_sum, scale))
    {
        sequence.scales[node] = scale;
        for (; sequence.method == SPEC_INFER && found < wanted; found++)
            child_tok[found] = scalar_race(q, p.vocabulary, {sequence.seed, (u32)(tree.first_child[node] + found), sequence.step, CHILD_SAMPLE});
        if (found == wanted)
            return;
        RandomStream noise = {sequence.seed, (u32)node, sequence.step, DRAFT_NOISE};
        for (i32 tok = 0; tok < p.vocabulary; tok++)
        {
            float score = logits[tok] * scale.inverse_temperature - scale.max;
            if (q[tok] > 0.0f)
                insert(score - exact_log(scalar_exponential(noise, tok)), tok, best_key, child_tok, wanted, found);
        }
        i32 drafted = found, filled = 0;
        for (i32 tok = 0; tok < p.vocabulary && drafted < wanted; tok++)
        {
            if (q[tok] == 0.0f)
                insert(0.0f - exact_log(scalar_exponential(noise, tok)), tok, best_key + drafted, child_tok + drafted, wanted - drafted, filled);
        }
        found = drafted + filled;
    }
    if (found == wanted)
        return;
    for (i32 rank = 0; rank < wanted; rank++)
        child_tok[rank] = 0;
    atomicOr(&sequence.errors, DAMAGED_DRAFT_LOGITS);
}
