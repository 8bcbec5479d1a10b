// What verify_tree finds for each part of a pass, in one array for the whole batch, so that one copy brings all of it to the host.
#pragma once
#include "pass.cuh"

struct Outcome
{
    u32 errors; // of the sequence
    i32 length; // accepted nodes, the root among them; 0 if the logits were damaged
    i32 kept;   // of these, those that the draft has computed too: all but a leaf at the end
    i32 token;  // follows the path
    i32 ahead;  // an accepted child that the target has not computed; 0 if none
    // Behind it: path [levels], the accepted nodes, ascending; tokens [levels], those that the step commits.
};

constexpr i32 OUTCOME_WORDS = sizeof(Outcome) / sizeof(i32);

struct Outcomes
{
    i32* words; // [parts][stride]
    i32 stride; // OUTCOME_WORDS + 2 levels
    i32 levels; // at least those of every tree

    __device__ Outcome& of(i32 part) const { return *reinterpret_cast<Outcome*>(words + part * stride); }

    __device__ i32* path(i32 part) const { return words + part * stride + OUTCOME_WORDS; }

    __device__ i32* tokens(i32 part) const { return path(part) + levels; }
};

// What follows from a path whose length, token and ahead are known. One thread.
__device__ inline void conclude(const Outcomes& outcomes, i32 part, const Sequence& sequence)
{
    Outcome& outcome = outcomes.of(part);
    const i32* path = outcomes.path(part);
    i32* tokens = outcomes.tokens(part);
    for (i32 i = 1; i < outcome.length; i++)
        tokens[i - 1] = sequence.tokens[path[i]];
    tokens[outcome.length - 1] = outcome.token;
    outcome.kept = sequence.tree.child_count[path[outcome.length - 1]] > 0 ? outcome.length : outcome.length - 1;
}
