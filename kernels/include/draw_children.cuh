// The parameters of draw_children.cu, which its twin has too; draw_children.cu tells the layouts.
#pragma once
#include "distribution.cuh"
#include "step_state.cuh"

struct DrawChildren
{
    const float* logits;
    const i32* node_of_row;
    TreeShape tree;
    i32* tok_of_node;
    RowScale* scale;
    StepState* state;
    u64 seed;
    SamplingLaw law;
    i32 vocabulary;
    i32 stride;
    i32 with_replacement; // 0 or 1
};
