// The parameters of verify_tree.cu, which its twin has too; verify_tree.cu tells the layouts.
#pragma once
#include "distribution.cuh"
#include "step_state.cuh"

struct VerifyTree
{
    const float* target;
    const float* draft;
    const RowScale* scale;
    TreeShape tree;
    const i32* tok_of_node;
    StepState* state;
    Verdict* verdict;
    i32* path;
    i32* toks;
    u64 seed;
    SamplingLaw law;
    i32 vocabulary;
    i32 target_stride;
    i32 draft_stride;
    i32 nodes;
    i32 tree_size;
    i32 levels;
    Method method;
};
