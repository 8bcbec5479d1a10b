// The parameters of draw_children.cu, which its twin has too; draw_children.cu tells the layouts.
#pragma once
#include "pass.cuh"

struct DrawChildren
{
    Pass pass;
    const float* logits;
    i32 first_row;       // the pass's row that row 0 of logits belongs to
    i32 first_draft_row; // row 0 of logits among all rows that the verifier will read
    i32 vocabulary;
    i32 stride;
};

// Target-only sampling's children are the likeliest whatever the temperature.
__device__ inline bool takes_likeliest(const Sequence& sequence) { return sequence.sampling.temperature == 0.0f || sequence.method == TARGET_ONLY; }
