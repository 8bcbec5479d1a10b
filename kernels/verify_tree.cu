// Walks a drafted tree from the root, in one launch: at each node a child is accepted, or the token that follows the path is drawn.
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
// target      [nodes][target_stride] fp32, row = node; the walk ends at an accepted child beyond these (Verdict::ahead)
// draft       [draft rows][draft_stride] fp32, the logits that draw_children saw; not read when greedy
// scale       [draft rows] draw_children's; not read when greedy
// tree        shape of all tree_size nodes
// tok_of_node [tree_size]
// state       step read; errors: if set on entry, or DAMAGED_TARGET_LOGITS (NaN, or none finite) here, the verdict has length 0 and token 0
// verdict, path [levels]  out: accepted nodes, ascending
// toks        [levels]    out: the tokens that the step commits: the path's behind the root, then the token that follows
//
// Strides are multiples of 4, bases 16-byte aligned; rows are read below vocabulary only.
// Grid: 1. Block: VERIFY_THREADS, whose number changes no bit. Dynamic shared memory: max(16 KiB, 8 tree_size(tiles)).
// Bytes asked for: 8 vocabulary per visited node to find its law (12 more for top-k, 16 more for top-p), 8 vocabulary per rejection (both rows,
// in tiles of 64 tokens to a thread), 8 vocabulary for the draw (at a leaf of one row). An accepted first child costs its node's law and two loads.
// Beside the rows at most 12 words a thread and visited node.
// Called by: the end of a step. Reference: TreeVerifier.Verify, ResidualDistribution (C#); verify_tree_scalar.cu.
#include "argmax.cuh"
#include "residual.cuh"
#include "verify_tree.cuh"

#ifndef VERIFY_THREADS
#define VERIFY_THREADS 1024
#endif

// Either an accepted child, or the token that follows. Neither: the logits are damaged.
struct Step
{
    i32 child, tok;
};

// The child that equals a token of the target's own choice.
__device__ inline Step follow_token(const VerifyTree& p, i32 node, i32 tok)
{
    for (i32 rank = 0; rank < p.tree.child_count[node]; rank++)
    {
        i32 child = p.tree.first_child[node] + rank;
        if (p.tok_of_node[child] == tok)
            return {child, tok};
    }
    return {0, tok};
}

__device__ inline Step follow_residual(const VerifyTree& p, i32 node, RowScratch* scratch)
{
    const float* target = p.target + (size_t)node * p.target_stride;
    i32 children = p.tree.child_count[node], first = p.tree.first_child[node], draft_row = p.tree.draft_row[node];
    RowScale target_scale;
    if (!find_row_scale(target, p.vocabulary, p.law, scratch, target_scale))
        return {0, -1};
    // A leaf has no draft, and target-only sampling asks for none: C is 0, and the target's row stands in for Q.
    bool has_draft = children > 0 && p.method != TARGET_ONLY;
    Residual residual = {
        target, has_draft ? p.draft + (size_t)draft_row * p.draft_stride : target, p.tok_of_node + first,
        target_scale, has_draft ? p.scale[draft_row] : target_scale, p.vocabulary, p.method == SPEC_INFER};
    u32 step = p.state->step;
    if (p.method == TARGET_ONLY)
        return follow_token(p, node, residual.sample({p.seed, (u32)node, step, TARGET_SAMPLE}));
    for (i32 child = first; child < first + children; child++)
    {
        i32 tok = p.tok_of_node[child];
        if (residual.accepts(tok, accept_coin(p.seed, step, node, child)))
            return {child, tok};
        // Scratch is free: everybody has the last pass's sums.
        __syncthreads();
        residual.reject(tok, scratch);
    }
    return {0, residual.sample({p.seed, (u32)node, step, p.tree_size == 1 ? PLAIN_SAMPLE : FINAL_SAMPLE})};
}

extern "C" __global__ __launch_bounds__(VERIFY_THREADS) void verify_tree(const __grid_constant__ VerifyTree p)
{
    extern __shared__ __align__(16) unsigned char dynamic[];
    Verdict verdict = {};
    Step step = {0, 0};
    bool is_damaged = p.state->errors != 0;
    // A path has a node of each level at most, so the walk ends whatever the tree says.
    for (i32 node = 0; verdict.length < p.levels && !is_damaged; node = step.child)
    {
        if (threadIdx.x == 0)
            p.path[verdict.length] = node;
        verdict.length++;
        // Scratch is free: everybody has left the node above.
        __syncthreads();
        step = p.law.temperature == 0.0f ? follow_token(p, node, argmax(p.target + (size_t)node * p.target_stride, p.vocabulary)) : follow_residual(p, node, reinterpret_cast<RowScratch*>(dynamic));
        is_damaged = step.tok < 0;
        if (step.child == 0)
            break;
        if (step.child >= p.nodes)
        {
            verdict.ahead = step.child;
            break;
        }
    }
    if (threadIdx.x != 0)
        return;
    verdict.token = step.tok;
    if (is_damaged)
    {
        verdict = {};
        if (p.state->errors == 0)
            p.state->errors = DAMAGED_TARGET_LOGITS;
    }
    else
        conclude(verdict, p.path, p.tok_of_node, p.tree, p.toks);
    *p.verdict = verdict;
}
