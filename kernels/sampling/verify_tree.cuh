// The parameters of verify_tree.cu, which its twin has too; verify_tree.cu tells the layouts.
#pragma once
#include "outcome.cuh"

struct VerifyTree
{
    const PassPart* parts;
    const float* target;
    const float* draft;
    Outcomes outcomes;
    i32 vocabulary;
    i32 target_stride;
    i32 draft_stride;
};
