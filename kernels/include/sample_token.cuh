// The parameters of sample_token.cu, which its twin has too; sample_token.cu tells the layouts.
#pragma once
#include "distribution.cuh"
#include "step_state.cuh"

struct SampleToken
{
    const float* logits;
    i32* tok_of_row;
    StepState* state;
    u64 seed;
    SamplingLaw law;
    i32 vocabulary;
    i32 stride;
};
