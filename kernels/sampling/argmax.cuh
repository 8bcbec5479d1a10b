// The first token with the largest logit, by a whole block.
#pragma once
#include "block_reduce.cuh"
#include "selection.cuh"

// -1 if a logit is NaN or none is above -infinity.
__device__ inline i32 argmax(const float* __restrict__ logits, i32 vocabulary)
{
    u64 best = 0;
    bool is_nan = false;
    for (i32 quad = threadIdx.x; quad < quads_of(vocabulary); quad += blockDim.x)
    {
        Quad logit = load_quad(logits, 4 * quad, vocabulary);
        for (i32 part = 0; part < 4; part++)
        {
            is_nan |= logit.of[part] != logit.of[part];
            if (logit.of[part] > -infinity())
                best = Largest::of(best, selection_key(true, logit.of[part], 4 * quad + part));
        }
    }
    best = block_reduce<Largest>(best, 0ull);
    return __syncthreads_or(is_nan) || best == 0 ? -1 : token_of(best);
}
