// The rows of one forward pass: nodes of a tree that hangs behind the committed tokens (TreeRows). Causal prefill is the same with a chain.
#pragma once
#include "step_state.cuh"

struct PassRows
{
    const StepState* state;
    const i32* nodes;  // [count] each row's node, ascending
    const i32* depths; // [nodes of the tree]
    const i32* paths;  // [nodes of the tree][levels] the nodes from the root down to each node
    i32 count;
    i32 levels;
    i32 ahead; // rows of this cache before the tree's root, less the committed ones
};

// Tokens before the tree's root. Read on the device, so that a captured graph serves every step.
__device__ inline i32 prefix_of(const PassRows& rows) { return rows.state->committed + rows.ahead; }

// The cache's row that holds position j of a path; behind the prefix, a node's row is prefix + node.
__device__ inline i32 cache_row(i32 j, i32 prefix, const i32* path) { return j < prefix ? j : prefix + path[j - prefix]; }
