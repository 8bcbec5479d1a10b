// Goes on to the next step, when both caches are compacted: the token that follows the path becomes the next tree's root.
//
//   state.committed += length, state.step += 1; tok_of_node[0] = token
//   pending (with a draft): tokens = {leaf, token} if the path ends in a leaf, which the draft has not computed; else {token}
//
// verdict, toks of verify_tree; nothing happens if the logits were damaged. pending_toks [2] and pending_state may be null.
// Grid: 1. Block: 1. Bytes moved: some words. Called by: the end of a step, last of all. Reference: CpuBackend.Commit (C#).
#include "step_state.cuh"

struct AdvanceStep
{
    const Verdict* verdict;
    const i32* toks;
    StepState* state;
    i32* tok_of_node;
    StepState* pending_state;
    i32* pending_toks;
};

extern "C" __global__ void advance_step(const __grid_constant__ AdvanceStep p)
{
    Verdict verdict = *p.verdict;
    if (verdict.length == 0)
        return;
    p.state->committed += verdict.length;
    p.state->step++;
    if (p.pending_toks != nullptr)
    {
        // The token before the last is the leaf's: where there is a draft the root is none.
        bool ends_in_leaf = verdict.kept < verdict.length;
        p.pending_toks[0] = ends_in_leaf ? p.toks[verdict.length - 2] : verdict.token;
        if (ends_in_leaf)
            p.pending_toks[1] = verdict.token;
        p.pending_state->committed = p.state->committed;
    }
    p.tok_of_node[0] = verdict.token;
}
