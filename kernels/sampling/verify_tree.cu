// Goes down each sequence's drafted tree from the root, in one launch: at each node a child is accepted, or the token that follows the path is drawn.
// Coins are keyed by node and child, so what happens at a node does not depend on how the path got there: a block computes it for each node, all side
// by side, and the last block of a sequence follows the path.
//
//   accept s   iff  max(P(s) - C Q(s), 0) / Z  >  u Q(s) / W,  u the child's coin;     C = 0, Z = W = 1 at first
//   reject s   C += Z / W;  then W = sum of Q and Z = sum of max(P - C Q, 0), both over the tokens not rejected
//   else       token ~ max(P - C Q, 0) over the tokens not rejected; ~ P at a leaf
//   greedy     (temperature 0) the child that equals the first of the target's largest logits, else that token
//
// This is Sequoia's rule. Two others, to compare with: SpecInfer's, for children drawn with replacement, where W stays 1 and a second copy of a
// rejected token never passes; and target-only sampling, where a token ~ P is drawn at each node, and the child that equals it is accepted.
// All rules (docs/compare.md) do without vocabulary-sized writes: P and Q are recomputed from logits wherever they are needed.
//
// parts       the sequences; row first_row + i of the target's logits is node i of the part's. The path ends at an accepted child that has no row
//             (Outcome::ahead). Of a sequence step, seed, sampling, method, tokens and tree are read, and
//   draft_row, scales   what draw_children left; not read when greedy
//   errors              if set on entry, or DAMAGED_TARGET_LOGITS (NaN, or none finite) here, the outcome has length 0
// target      [rows][target_stride] fp32
// draft       [draft rows][draft_stride] fp32, the logits that draw_children saw; not read when greedy
// outcomes    out
//
// Strides are multiples of 4, bases 16-byte aligned; rows are read below vocabulary only.
// Grid: (nodes of the largest part; with fewer, a block has several in turn, parts). Block: VERIFY_THREADS, whose number changes no bit. Dynamic shared memory: max(16 KiB, 8 tree_size(tiles)).
// Bytes asked for, of each node: 8 vocabulary to find its distribution (12 more for top-k, 16 more for top-p), 8 vocabulary per rejection (both rows,
// in tiles of 64 tokens to a thread), 8 vocabulary for the draw (at a leaf of one row). An accepted first child costs its node's distribution and two loads.
// Beside the rows at most 12 words a thread and node, and 12 for the step and its arrival; 8 for each node of the path.
// Called by: the end of a step. Reference: TreeVerifier.Verify, ResidualDistribution (C#); verify_tree_scalar.cu.
#include "argmax.cuh"
#include "arrival.cuh"
#include "residual.cuh"
#include "verify_tree.cuh"

#ifndef VERIFY_THREADS
#define VERIFY_THREADS 1024
#endif

static_assert(BINS % VERIFY_THREADS == 0, "each thread looks at as many bins");

// The child that equals a token of the target's own choice.
__device__ inline Step follow_token(const Sequence& sequence, i32 node, i32 tok)
{
    for (i32 rank = 0; rank < sequence.tree.child_count[node]; rank++)
    {
        i32 child = sequence.tree.first_child[node] + rank;
        if (sequence.tokens[child] == tok)
            return {child, tok};
    }
    return {0, tok};
}

__device__ inline Step follow_residual(const VerifyTree& p, const Sequence& sequence, const float* target, i32 node, RowScratch* scratch)
{
    const TreeShape& tree = sequence.tree;
    i32 children = tree.child_count[node], first = tree.first_child[node];
    RowScale target_scale;
    if (!find_row_scale(target, p.vocabulary, sequence.sampling, scratch, target_scale))
        return {0, -1};
    // A leaf has no draft, and target-only sampling asks for none: C is 0, and the target's row stands in for Q.
    bool has_draft = children > 0 && sequence.method != TARGET_ONLY;
    Residual residual = {
        target, has_draft ? p.draft + (size_t)sequence.draft_row[node] * p.draft_stride : target, sequence.tokens + first,
        target_scale, has_draft ? sequence.scales[node] : target_scale, p.vocabulary, sequence.method == SPEC_INFER};
    if (sequence.method == TARGET_ONLY)
        return follow_token(sequence, node, residual.sample({sequence.seed, (u32)node, sequence.step, TARGET_SAMPLE}));
    while (residual.rejected < children)
    {
        i32 child = first + residual.rejected, tok = sequence.tokens[child];
        if (residual.accepts(tok, accept_coin(sequence.seed, sequence.step, node, child)))
            return {child, tok};
        // Scratch is free: everybody has the last pass's sums.
        __syncthreads();
        residual.reject(tok, scratch);
    }
    return {0, residual.sample({sequence.seed, (u32)node, sequence.step, tree.size == 1 ? PLAIN_SAMPLE : FINAL_SAMPLE})};
}

// Follows the path through what the blocks found.
__device__ inline void follow_path(const VerifyTree& p, i32 part_number, const Sequence& sequence)
{
    const PassPart& part = p.parts[part_number];
    i32 length = 0, ahead = 0;
    Step step = {0, 0};
    // A path has a node of each level at most, so it ends whatever the tree says.
    for (i32 node = 0; length < sequence.tree.levels && sequence.errors == 0; node = step.child)
    {
        p.outcomes.path(part_number)[length] = node;
        length++;
        step = p.steps[part.first_row + node];
        if (step.child == 0)
            break;
        if (step.child >= part.rows)
        {
            ahead = step.child;
            break;
        }
    }
    Outcome& outcome = p.outcomes.of(part_number);
    if (sequence.errors != 0 || step.tok < 0)
    {
        outcome = {sequence.errors != 0 ? sequence.errors : DAMAGED_TARGET_LOGITS};
        part.sequence->errors = outcome.errors;
        return;
    }
    outcome = {0, length, 0, step.tok, ahead};
    conclude(p.outcomes, part_number, sequence);
}

extern "C" __global__ __launch_bounds__(VERIFY_THREADS) void verify_tree(const __grid_constant__ VerifyTree p)
{
    extern __shared__ __align__(16) unsigned char dynamic[];
    const PassPart& part = p.parts[blockIdx.y];
    const Sequence& sequence = load_sequence(part.sequence);
    for (i32 node = blockIdx.x; node < part.rows && sequence.errors == 0; node += gridDim.x)
    {
        // Each node begins with a reduction, whose barriers keep it from overwriting what others still read of the node before.
        const float* target = p.target + (size_t)(part.first_row + node) * p.target_stride;
        Step step = sequence.sampling.temperature == 0.0f ? follow_token(sequence, node, argmax(target, p.vocabulary))
            : follow_residual(p, sequence, target, node, reinterpret_cast<RowScratch*>(dynamic));
        if (threadIdx.x == 0)
            p.steps[part.first_row + node] = step;
    }
    if (threadIdx.x == 0 && arrives_last(p.arrived + blockIdx.y, gridDim.x))
        follow_path(p, blockIdx.y, sequence);
}
