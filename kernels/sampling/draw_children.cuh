// The parameters of draw_children.cu, which its twin has too; draw_children.cu tells the layouts.
#pragma once
#include "pass.cuh"

// Where the blocks of a row leave what the last of them needs.
struct DrawWorkspace
{
    u64* keys;       // [rows][parts * room], of which a row uses [parts][its children]: each part's largest
    float* maxima;   // [rows][scale_parts] the largest logit; NaN if one is
    float* sums;     // [rows][parts] of exp(z - max)
    u32* arrived;    // [rows], 0 before and after each launch
    i32 scale_parts; // blocks of a row in scale_rows; a power of two and 32 at most, as is the next
    i32 parts;       // in draw_children
    i32 room;        // at least the children of every node
};

struct DrawChildren
{
    Pass pass;
    const float* logits;
    DrawWorkspace workspace; // the twin needs none
    i32 first_row;           // the pass's row that row 0 of logits belongs to
    i32 first_draft_row;     // row 0 of logits among all rows that the verifier will read
    i32 vocabulary;
    i32 stride;
};

// Target-only sampling's children are the likeliest whatever the temperature.
__device__ inline bool takes_likeliest(const Sequence& sequence) { return sequence.sampling.temperature == 0.0f || sequence.method == TARGET_ONLY; }
