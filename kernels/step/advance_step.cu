// Goes on to the next step, when both caches are compacted: the token that follows the path becomes the next tree's root.
//
//   committed += length, step += 1; tokens[-1] = the path's last token, tokens[0] = the token that follows it
//
// Nothing happens to a sequence whose logits were damaged.
// Grid: parts. Block: 1. Bytes moved: some words. Called by: the end of a step, last of all. Reference: CpuBackend.Commit (C#).
#include "outcome.cuh"

struct AdvanceStep
{
    const PassPart* parts;
    Outcomes outcomes;
};

extern "C" __global__ void advance_step(const __grid_constant__ AdvanceStep p)
{
    i32 part = blockIdx.x;
    const Outcome& outcome = p.outcomes.of(part);
    if (outcome.length == 0)
        return;
    Sequence& sequence = *p.parts[part].sequence;
    sequence.committed += outcome.length;
    sequence.step++;
    // If the path ends in a leaf, the draft has not computed it.
    sequence.tokens[-1] = sequence.tokens[p.outcomes.path(part)[outcome.length - 1]];
    sequence.tokens[0] = outcome.token;
}
