// Draws the children of a tree level's nodes, in drawing order.
//
//   sampled   the k largest of z - max + Gumbel noise, z = logit * (1 / temperature): k draws without replacement from the row's distribution
//             (temperature, top-k, top-p). Tokens without probability rank behind all others by their noise alone, so that every
//             planned child exists. No softmax is needed for the choice; the row's scale is kept for verify_tree.
//   with replacement (SpecInfer)   each child is a race of its own over the row's distribution, so tokens may come twice
//   greedy    (temperature 0) the k largest logits. Equal ones by ascending token. Target-only sampling draws so at any temperature.
//
// logits      [rows][stride] fp32, row = node_of_row's order; stride a multiple of 4, base 16-byte aligned; read only below vocabulary
// pass        rows first_row ..: each is a node with at least one child, and at most most_children(block) and vocabulary of them. Of its sequence:
//   tokens      out: the children's
//   draft_row   out: where the verifier finds the row's logits, which must stay there until then
//   scales      out, sampled only: what makes the row probabilities
//   errors      |= DAMAGED_DRAFT_LOGITS if a logit is NaN, or too few are above -infinity: the children are token 0 then
//   step, seed, sampling, method are read
//
// Grid: rows. Block: DRAW_THREADS, whose number changes no bit. Dynamic shared memory: max(16 KiB, 8 tree_size(tiles)).
// Bytes: distinct 4 rows vocabulary read, asked for 4 times (largest, sum, two passes of the choice) and once more at most to count tokens
// with mass; 3 times more for top-k, 4 times more for top-p; 3 times when greedy. 4 per child and 24 per row written.
// Called by: the draft's side of a step, once per level. Reference: ChildSampler.Draw and TakeLikeliest (C#); draw_children_scalar.cu.
#include "argmax.cuh"
#include "draw_children.cuh"
#include "race.cuh"
#include "row_scale.cuh"
#include "selection.cuh"

#ifndef DRAW_THREADS
#define DRAW_THREADS 1024
#endif

static_assert(BINS % DRAW_THREADS == 0, "each thread looks at as many bins");

// Scores are the logits themselves.
struct GreedyCandidates
{
    const float* __restrict__ logits;
    i32 vocabulary;

    template <typename Visit> __device__ void operator()(i32 quad, u64 floor, Visit visit) const
    {
        Quad logit = load_quad(logits, 4 * quad, vocabulary);
        for (i32 part = 0; part < 4; part++)
        {
            if (logit.of[part] > -infinity())
                visit(selection_key(true, logit.of[part], 4 * quad + part));
        }
    }
};

// Scores with Gumbel noise. Nearly all tokens are ruled out before any logarithm, since noise is bounded; this changes no result.
struct NoisyCandidates
{
    const float* __restrict__ logits;
    i32 vocabulary;
    RowScale scale;
    RandomStream noise;
    bool fill_up; // whether tokens of probability 0 are needed

    template <typename Visit> __device__ void operator()(i32 quad, u64 floor, Visit visit) const
    {
        Quad logit = load_quad(logits, 4 * quad, vocabulary);
        RandomQuad random(noise, quad);
        float to_beat = score_to_beat(floor);
        for (i32 part = 0; part < 4 && 4 * quad + part < vocabulary; part++)
        {
            // Less the maximum, as in the probability itself: large scores would round the noise away.
            float score = logit.of[part] * scale.inverse_temperature - scale.max;
            if (score + most_noise(random.of[part]) < to_beat)
                continue;
            bool has_mass = probability(logit.of[part], scale) > 0.0f;
            if (!has_mass && !fill_up)
                continue;
            float log_exponential = exact_log(negative_log1m(uniform_of(random.of[part])));
            visit(selection_key(has_mass, (has_mass ? score : 0.0f) - log_exponential, 4 * quad + part));
        }
    }
};

__device__ inline bool any_nan(const float* __restrict__ logits, i32 vocabulary)
{
    bool is_nan = false;
    for (i32 quad = threadIdx.x; quad < quads_of(vocabulary); quad += blockDim.x)
    {
        Quad logit = load_quad(logits, 4 * quad, vocabulary);
        for (i32 part = 0; part < 4; part++)
            is_nan |= logit.of[part] != logit.of[part];
    }
    return __syncthreads_or(is_nan);
}

// How many tokens have a probability above 0, if they are fewer than `wanted`; else at least `wanted`.
__device__ inline i32 tokens_with_mass(const float* __restrict__ logits, i32 vocabulary, const RowScale& scale, i32 wanted)
{
    i32 mine = 0;
    for (i32 quad = threadIdx.x; quad < quads_of(vocabulary) && mine < wanted; quad += blockDim.x)
    {
        Quad logit = load_quad(logits, 4 * quad, vocabulary);
        for (i32 part = 0; part < 4; part++)
            mine += probability(logit.of[part], scale) > 0.0f;
    }
    return block_reduce<Total>(mine, 0);
}

// The first arrival of a race over the row's distribution. All threads get the token.
__device__ inline i32 race(const float* __restrict__ logits, i32 vocabulary, const RowScale& scale, RandomStream noise)
{
    u64 first = NOBODY;
    for (i32 quad = threadIdx.x; quad < quads_of(vocabulary); quad += blockDim.x)
    {
        Quad logit = load_quad(logits, 4 * quad, vocabulary);
        RandomQuad random(noise, quad);
        for (i32 part = 0; part < 4; part++)
            first = earlier(first, probability(logit.of[part], scale), random.of[part], 4 * quad + part);
    }
    return (i32)(u32)block_reduce<Smallest>(first, NOBODY);
}

extern "C" __global__ __launch_bounds__(DRAW_THREADS) void draw_children(const __grid_constant__ DrawChildren p)
{
    extern __shared__ __align__(16) unsigned char dynamic[];
    RowScratch* scratch = reinterpret_cast<RowScratch*>(dynamic);
    u64* keys = reinterpret_cast<u64*>(dynamic);

    i32 row = blockIdx.x, node = p.pass.rows[p.first_row + row].node;
    const Sequence& sequence = load_sequence(&sequence_of(p.pass, p.first_row + row));
    const TreeShape& tree = sequence.tree;
    i32 wanted = tree.child_count[node];
    const float* logits = p.logits + (size_t)row * p.stride;
    i32* child_tok = sequence.tokens + tree.first_child[node];
    i32 found = 0;
    if (threadIdx.x == 0)
        sequence.draft_row[node] = p.first_draft_row + row;
    if (takes_likeliest(sequence))
    {
        if (!any_nan(logits, p.vocabulary))
            found = select_largest(quads_of(p.vocabulary), wanted, keys, GreedyCandidates{logits, p.vocabulary});
    }
    else
    {
        RowScale scale;
        if (find_row_scale(logits, p.vocabulary, sequence.sampling, scratch, scale))
        {
            if (threadIdx.x == 0)
                sequence.scales[node] = scale;
            if (sequence.method == SPEC_INFER)
            {
                for (i32 rank = 0; rank < wanted; rank++)
                {
                    i32 tok = race(logits, p.vocabulary, scale, {sequence.seed, (u32)(tree.first_child[node] + rank), sequence.step, CHILD_SAMPLE});
                    if (threadIdx.x == 0)
                        child_tok[rank] = tok;
                }
                return;
            }
            bool fill_up = tokens_with_mass(logits, p.vocabulary, scale, wanted) < wanted;
            RandomStream noise = {sequence.seed, (u32)node, sequence.step, DRAFT_NOISE};
            // tile_sum[] becomes keys[]: the reduction above has barriers behind its last use.
            found = select_largest(
                quads_of(p.vocabulary), wanted, keys, NoisyCandidates{logits, p.vocabulary, scale, noise, fill_up});
        }
    }
    for (i32 rank = threadIdx.x; rank < wanted; rank += blockDim.x)
        child_tok[rank] = found == wanted ? token_of(keys[rank]) : 0;
    if (found < wanted && threadIdx.x == 0)
        atomicOr(&sequence_of(p.pass, p.first_row + row).errors, DAMAGED_DRAFT_LOGITS);
}
