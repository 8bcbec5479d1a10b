// Draws one token per row, as autoregressive decoding does: from the row's law (temperature, top-k, top-p), or the first of the largest
// logits at temperature 0.
//
//   token = argmin over x of E(x) / p(x), E exponential noise: the first arrival of a race is distributed as p
//
// logits      [rows][stride] fp32; stride a multiple of 4, base 16-byte aligned; read only below vocabulary
// tok_of_row  [rows]         out
// state       step read; errors |= DAMAGED_TARGET_LOGITS if a logit is NaN or none is finite: the token is 0 then
//
// Random numbers are those of node `row` with purpose PLAIN_SAMPLE: row 0 gives the token that verify_tree gives for a lone root.
// Grid: rows. Block: SAMPLE_THREADS, whose number changes no bit. Dynamic shared memory: max(16 KiB, 8 tree_size(tiles)).
// Bytes: distinct 4 rows vocabulary (asked for 3 times; 3 more for top-k, 4 more for top-p; once when greedy), 4 per row written.
// Called by: decoding without a tree. Reference: TokenDistribution.Sample, VocabularyKernels.ArgMax (C#); sample_token_scalar.cu.
#include "argmax.cuh"
#include "race.cuh"
#include "row_scale.cuh"
#include "sample_token.cuh"

#ifndef SAMPLE_THREADS
#define SAMPLE_THREADS 1024
#endif

extern "C" __global__ __launch_bounds__(SAMPLE_THREADS) void sample_token(const __grid_constant__ SampleToken p)
{
    extern __shared__ __align__(16) unsigned char dynamic[];
    i32 row = blockIdx.x, tok = -1;
    const float* logits = p.logits + (size_t)row * p.stride;
    RowScale scale;
    if (p.law.temperature == 0.0f)
    {
        tok = argmax(logits, p.vocabulary);
    }
    else if (find_row_scale(logits, p.vocabulary, p.law, reinterpret_cast<RowScratch*>(dynamic), scale))
    {
        RandomStream noise = {p.seed, (u32)row, p.state->step, PLAIN_SAMPLE};
        u64 first = NOBODY;
        for (i32 quad = threadIdx.x; quad < quads_of(p.vocabulary); quad += blockDim.x)
        {
            Quad logit = load_quad(logits, 4 * quad, p.vocabulary);
            RandomQuad random(noise, quad);
            for (i32 part = 0; part < 4; part++)
                first = earlier(first, probability(logit.of[part], scale), random.of[part], 4 * quad + part);
        }
        tok = (i32)(u32)block_reduce<Smallest>(first, NOBODY);
    }
    if (threadIdx.x != 0)
        return;
    p.tok_of_row[row] = tok < 0 ? 0 : tok;
    if (tok < 0)
        atomicOr(&p.state->errors, DAMAGED_TARGET_LOGITS);
}
