// What the kernels of a step share in device memory, so that a captured graph can be replayed without new arguments.
#pragma once
#include "types.cuh"

// Bits of StepState::errors. The host looks once a step.
constexpr u32 DAMAGED_DRAFT_LOGITS = 1;
constexpr u32 DAMAGED_TARGET_LOGITS = 2;

struct StepState
{
    u32 step;      // part of every random number's counter; advance_step adds 1 after each verification
    i32 committed; // tokens before the tree's root
    u32 errors;
};

// SpeculationMethod of the host.
enum Method : i32
{
    SEQUOIA = 0,
    SPEC_INFER = 1,
    TARGET_ONLY = 2,
};

// The tree's shape (TokenTree): nodes breadth first, a node's children are neighbours.
struct TreeShape
{
    const i32* first_child; // [nodes]
    const i32* child_count; // [nodes]
    const i32* draft_row;   // [nodes] row of the draft's logits that an inner node's children were drawn from
};

// The outcome of a walk; the path, and the tokens that it makes, are arrays of their own.
struct Verdict
{
    i32 length; // accepted nodes, the root among them; 0 if the logits were damaged
    i32 kept;   // of these, those that the draft has computed too: all but a leaf at the end
    i32 token;  // follows the path
    i32 ahead;  // an accepted child that the target has not computed; 0 if none
};

// What follows from a walk whose path, token and ahead are known. One thread.
__device__ inline void conclude(Verdict& verdict, const i32* path, const i32* tok_of_node, const TreeShape& tree, i32* toks)
{
    for (i32 i = 1; i < verdict.length; i++)
        toks[i - 1] = tok_of_node[path[i]];
    toks[verdict.length - 1] = verdict.token;
    verdict.kept = tree.child_count[path[verdict.length - 1]] > 0 ? verdict.length : verdict.length - 1;
}
