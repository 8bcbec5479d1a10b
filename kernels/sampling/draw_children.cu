// Draws the children of a tree level's nodes, in drawing order, in two launches. Several blocks share a row (share.cuh).
//
//   sampled   the k largest of z - max + Gumbel noise, z = logit * (1 / temperature): k draws without replacement from the row's distribution
//             (temperature, top-k, top-p). Tokens without probability rank behind all others by their noise alone, so that every
//             planned child exists. No softmax is needed for the choice; the row's scale is kept for verify_tree.
//   with replacement (SpecInfer)   each child is a race of its own over the row's distribution, so tokens may come twice
//   greedy    (temperature 0) the k largest logits. Equal ones by ascending token. Target-only sampling draws so at any temperature.
//
//   scale_rows      each block: the largest logit of its share. With top-k, top-p or SpecInfer the choice depends on the whole scale: then the row's
//                   last block finds it
//   draw_children   each block: the largest keys of its share, and the sum. The row's last block: the largest of all these, and the scale
//
// logits      [rows][stride] fp32, row = node_of_row's order; stride a multiple of 4, base 16-byte aligned; read only below vocabulary
// pass        rows first_row ..: each is a node with at least one child, and at most SELECTION_ROOM / 2 and vocabulary of them. Of its sequence:
//   tokens      out: the children's
//   draft_row   out: where the verifier finds the row's logits, which must stay there until then
//   scales      out, sampled only: what makes the row probabilities
//   errors      |= DAMAGED_DRAFT_LOGITS if a logit is NaN, or too few are above -infinity: the children are token 0 then
//   step, seed, sampling, method are read
//
// Grid: (workspace.scale_parts, rows), (workspace.parts, rows). Block: SCALE_THREADS, DRAW_THREADS. Neither number of blocks nor of threads changes
// a bit. Dynamic shared memory: max(16 KiB, 8 tree_size(tiles)).
// Bytes: distinct 4 rows vocabulary read in each launch, asked for 4 times (largest, sum, two passes of the choice), once less if all keys of a share
// fit SELECTION_ROOM, once less when greedy; 4 times more for top-k (three, and the sum), 5 times for top-p (the sum, three, and the sum of what is
// kept), 8 times for both. 4 per child and 24 per row written. Of workspace 8 per part and child, 4 per scale part and 4 per part, which are read again.
// Called by: the draft's side of a step, once per level. Reference: ChildSampler.Draw and TakeLikeliest (C#); draw_children_scalar.cu.
#include "arrival.cuh"
#include "draw_children.cuh"
#include "race.cuh"
#include "row_scale.cuh"
#include "selection.cuh"

// The whole distribution of a row is the work of one block.
#ifndef SCALE_THREADS
#define SCALE_THREADS 1024
#endif

// A share of 2,048 tokens is two quads for each.
#ifndef DRAW_THREADS
#define DRAW_THREADS 256
#endif

static_assert(BINS % SCALE_THREADS == 0, "each thread looks at as many bins");

// Scores are the logits themselves.
struct GreedyCandidates
{
    const float* __restrict__ logits;
    i32 vocabulary;
    Share share;

    template <typename Visit> __device__ void operator()(i32 index, u64 floor, Visit visit) const
    {
        i32 quad = share.quad(index);
        Quad logit = load_quad(logits, 4 * quad, vocabulary);
        for (i32 part = 0; part < 4; part++)
        {
            if (logit.of[part] > -infinity())
                visit(selection_key(true, logit.of[part], 4 * quad + part));
        }
    }

    __device__ u64 bound(i32 quads) const { return largest_key(quads, *this); }
};

// Scores with Gumbel noise. Nearly all tokens are ruled out before any logarithm, since noise is bounded; this changes no result.
struct NoisyCandidates
{
    const float* __restrict__ logits;
    i32 vocabulary;
    Share share;
    const RowScale& scale;
    RandomStream noise;
    bool fill_up; // whether tokens of probability 0 are needed

    template <typename Visit> __device__ void operator()(i32 index, u64 floor, Visit visit) const
    {
        i32 quad = share.quad(index);
        Quad logit = load_quad(logits, 4 * quad, vocabulary);
        RandomQuad random(noise, quad);
        float to_beat = score_of(floor);
        for (i32 part = 0; part < 4 && 4 * quad + part < vocabulary; part++)
        {
            float score = score_from(logit.of[part]), most = most_noise(random.of[part]);
            // With fill_up the floor is one of the second class, which all tokens with mass reach.
            if (!fill_up && score + most < to_beat)
                continue;
            bool has_mass = probability(logit.of[part], scale) > 0.0f;
            if (!has_mass && (!fill_up || most < to_beat))
                continue;
            float log_exponential = exact_log(negative_log1m(uniform_of(random.of[part])));
            visit(selection_key(has_mass, (has_mass ? score : 0.0f) - log_exponential, 4 * quad + part));
        }
    }

    // From the least that the noise can be, so without any logarithm. With fill_up from the noise alone: no key of the token is less.
    __device__ u64 bound(i32 quads) const
    {
        float best = -infinity(), best_logit = -infinity();
        i32 best_tok = 0;
        for (i32 index = threadIdx.x; index < quads; index += blockDim.x)
        {
            i32 quad = share.quad(index);
            Quad logit = load_quad(logits, 4 * quad, vocabulary);
            RandomQuad random(noise, quad);
            for (i32 part = 0; part < 4 && 4 * quad + part < vocabulary; part++)
            {
                float least = (fill_up ? 0.0f : score_from(logit.of[part])) + least_noise(random.of[part]);
                if (least > best)
                    best = least, best_logit = logit.of[part], best_tok = 4 * quad + part;
            }
        }
        bool has_mass = !fill_up && probability(best_logit, scale) > 0.0f;
        return has_mass || (fill_up && best > -infinity()) ? selection_key(has_mass, best, best_tok) : 0;
    }

    // Less the maximum, as in the probability itself: large scores would round the noise away.
    __device__ float score_from(float logit) const { return logit * scale.inverse_temperature - scale.max; }
};

// Keys that blocks have left.
struct KeysOfParts
{
    const u64* keys;
    i32 count;

    template <typename Visit> __device__ void operator()(i32 quad, u64 floor, Visit visit) const
    {
        for (i32 i = 4 * quad; i < 4 * quad + 4 && i < count; i++)
        {
            if (keys[i] > 0)
                visit(keys[i]);
        }
    }

    __device__ u64 bound(i32 quads) const { return largest_key(quads, *this); }
};

// Whether the choice depends on the whole distribution: which tokens have mass, or how much. Without top-k and top-p those with a weight have it:
// weights are e^-87 at least, and the sum at most the vocabulary, which is below 2^23, so no product underflows to 0.
__device__ inline bool scale_comes_first(const Sequence& sequence, i32 vocabulary)
{
    return !takes_likeliest(sequence)
        && (sequence.method == SPEC_INFER || keeps_count(sequence.sampling, vocabulary) || keeps_mass(sequence.sampling));
}

// A row's largest logit, or NaN, in every thread.
__device__ inline float largest_of_parts(const DrawWorkspace& workspace, i32 row)
{
    i32 lane = threadIdx.x % LANES;
    float largest = lane < workspace.scale_parts ? workspace.maxima[row * workspace.scale_parts + lane] : -infinity();
    return __any_sync(WARP, largest != largest) ? not_a_number() : warp_reduce<Largest>(largest);
}

// The first arrival of a race over a share of the row's distribution. All threads get it.
__device__ inline u64 race(const float* __restrict__ logits, i32 vocabulary, Share share, const RowScale& scale, RandomStream noise)
{
    u64 first = NOBODY;
    for (i32 index = threadIdx.x; index < share.quads(vocabulary); index += blockDim.x)
    {
        i32 quad = share.quad(index);
        Quad logit = load_quad(logits, 4 * quad, vocabulary);
        RandomQuad random(noise, quad);
        for (i32 part = 0; part < 4; part++)
            first = earlier(first, probability(logit.of[part], scale), random.of[part], 4 * quad + part);
    }
    return block_reduce<Smallest>(first, NOBODY);
}

extern "C" __global__ __launch_bounds__(SCALE_THREADS) void scale_rows(const __grid_constant__ DrawChildren p)
{
    extern __shared__ __align__(16) unsigned char dynamic[];
    const DrawWorkspace& workspace = p.workspace;
    i32 part = blockIdx.x, row = blockIdx.y, parts = workspace.scale_parts, node = p.pass.rows[p.first_row + row].node;
    const Sequence& sequence = load_sequence(&sequence_of(p.pass, p.first_row + row));
    const float* logits = p.logits + (size_t)row * p.stride;
    float largest = largest_logit(logits, p.vocabulary, {part, parts});
    if (threadIdx.x == 0)
        workspace.maxima[row * parts + part] = largest;
    if (!scale_comes_first(sequence, p.vocabulary) || !block_arrives_last(workspace.arrived + row, parts))
        return;
    RowScale scale = scale_from(largest_of_parts(workspace, row), sequence.sampling);
    if (!has_distribution(scale))
        return;
    complete_scale(logits, p.vocabulary, sequence.sampling, reinterpret_cast<RowScratch*>(dynamic), scale);
    if (threadIdx.x == 0)
        sequence.scales[node] = scale;
}

extern "C" __global__ __launch_bounds__(DRAW_THREADS, 3) void draw_children(const __grid_constant__ DrawChildren p)
{
    extern __shared__ __align__(16) unsigned char dynamic[];
    u64* keys = reinterpret_cast<u64*>(dynamic);
    const DrawWorkspace& workspace = p.workspace;
    i32 part = blockIdx.x, row = blockIdx.y, parts = workspace.parts, node = p.pass.rows[p.first_row + row].node;
    const Sequence& sequence = load_sequence(&sequence_of(p.pass, p.first_row + row));
    const TreeShape& tree = sequence.tree;
    i32 wanted = tree.child_count[node], found = 0;
    const float* logits = p.logits + (size_t)row * p.stride;
    i32* child_tok = sequence.tokens + tree.first_child[node];
    Share share = {part, parts};
    u64* of_parts = workspace.keys + (size_t)row * parts * workspace.room;
    float* sums = workspace.sums + row * parts;

    // In shared memory it takes no registers.
    __shared__ RowScale scale;
    float largest = largest_of_parts(workspace, row);
    bool is_sampled = !takes_likeliest(sequence), with_replacement = is_sampled && sequence.method == SPEC_INFER;
    bool has_sum = scale_comes_first(sequence, p.vocabulary), is_sound = largest == largest;
    if (is_sampled)
    {
        RowScale found_scale = scale_from(largest, sequence.sampling);
        is_sound = has_distribution(found_scale);
        if (threadIdx.x == 0)
            scale = is_sound && has_sum ? sequence.scales[node] : found_scale;
        // The scale is complete.
        __syncthreads();
    }
    if (is_sound && !is_sampled)
    {
        found = select_largest(share.quads(p.vocabulary), wanted, keys, GreedyCandidates{logits, p.vocabulary, share});
    }
    else if (is_sound)
    {
        for (; with_replacement && found < wanted; found++)
        {
            u64 first = race(logits, p.vocabulary, share, scale, {sequence.seed, (u32)(tree.first_child[node] + found), sequence.step, CHILD_SAMPLE});
            if (threadIdx.x == 0)
                keys[found] = first;
        }
        if (!with_replacement)
        {
            // Without the sum this is the weight.
            i32 with_mass = 0;
            float sum = row_sum(
                logits, p.vocabulary, share,
                [&](float logit) {
                    float mass = probability(logit, scale);
                    with_mass += mass > 0.0f;
                    return mass;
                },
                reinterpret_cast<RowScratch*>(dynamic)->tile_sum);
            if (threadIdx.x == 0)
                sums[part] = sum;
            // tile_sum[] becomes keys[]: the reduction has barriers behind its last use.
            bool fill_up = block_reduce<Total>(with_mass, 0) < wanted;
            RandomStream noise = {sequence.seed, (u32)node, sequence.step, DRAFT_NOISE};
            found = select_largest(share.quads(p.vocabulary), wanted, keys, NoisyCandidates{logits, p.vocabulary, share, scale, noise, fill_up});
        }
    }
    // keys[] is complete.
    __syncthreads();
    for (i32 rank = threadIdx.x; rank < wanted; rank += blockDim.x)
        of_parts[part * wanted + rank] = rank < found ? keys[rank] : 0;
    if (!block_arrives_last(workspace.arrived + row, parts))
        return;

    if (is_sound && is_sampled && !has_sum)
    {
        i32 lane = threadIdx.x % LANES;
        float sum = tree_over_lanes(lane < parts ? sums[lane] : 0.0f);
        if (threadIdx.x == 0)
        {
            sequence.scales[node] = scale;
            sequence.scales[node].inverse_sum = 1.0f / sum;
        }
    }
    if (threadIdx.x == 0)
        sequence.draft_row[node] = p.first_draft_row + row;
    if (is_sound && with_replacement)
    {
        for (i32 rank = threadIdx.x; rank < wanted; rank += blockDim.x)
        {
            u64 first = NOBODY;
            for (i32 other = 0; other < parts; other++)
                first = Smallest::of(first, of_parts[other * wanted + rank]);
            child_tok[rank] = (i32)(u32)first;
        }
        return;
    }
    found = select_largest((parts * wanted + 3) / 4, wanted, keys, KeysOfParts{of_parts, parts * wanted});
    for (i32 rank = threadIdx.x; rank < wanted; rank += blockDim.x)
        child_tok[rank] = found == wanted ? token_of(keys[rank]) : 0;
    if (found < wanted && threadIdx.x == 0)
        atomicOr(&sequence_of(p.pass, p.first_row + row).errors, DAMAGED_DRAFT_LOGITS);
}
