// The parameters of verify_tree.cu, which its twin has too; verify_tree.cu tells the layouts.
#pragma once
#include "outcome.cuh"

// What happens at a node, if the path gets there: either an accepted child, or the token that follows. Neither: the logits are damaged.
struct Step
{
    i32 child;
    i32 tok;
};

struct VerifyTree
{
    const PassPart* parts;
    const float* target;
    const float* draft;
    Outcomes outcomes;
    Step* steps;  // [target rows]: workspace, as is the next; the twin needs neither
    u32* arrived; // [parts], 0 before and after each launch
    i32 vocabulary;
    i32 target_stride;
    i32 draft_stride;
};
