// The slow twin of verify_tree.cu: one thread, with P, Q and the residual as rows in memory. Same inputs, same outputs, same bits.
//
// workspace [parts][workspace_stride]: 3 vocabulary + scalar_sum_room floats
// Grid: parts. Block: 1.
#include "row_distribution_scalar.cuh"
#include "verify_tree.cuh"

struct VerifyTreeScalar : VerifyTree
{
    float* workspace;
    i32 workspace_stride;
};

struct ScalarResidual
{
    float* p;
    float* q;
    float* weights;
    float* tile_sum;
    i32 vocabulary;
    bool with_replacement;
    float level = 0.0f, residual_mass = 1.0f, draft_mass = 1.0f, likeliest_mass = -1.0f;
    i32 rejected = 0, likeliest_rejected = -1;
    bool is_exhausted = false;

    __device__ float weight(i32 tok, float at_level) const
    {
        float r = fmaf(-at_level, q[tok], p[tok]);
        return r > 0.0f ? r : 0.0f;
    }

    __device__ void fill_weights(float at_level)
    {
        for (i32 tok = 0; tok < vocabulary; tok++)
            weights[tok] = weight(tok, at_level);
    }

    __device__ bool accepts(i32 tok, float coin) const
    {
        return !is_exhausted && weight(tok, level) / residual_mass > coin * q[tok] / draft_mass;
    }

    __device__ void reject(const i32* child_tok)
    {
        i32 tok = child_tok[rejected++];
        if (p[tok] > likeliest_mass)
            likeliest_rejected = tok, likeliest_mass = p[tok];
        p[tok] = 0.0f, q[tok] = 0.0f;
        if (is_exhausted)
            return;
        level += residual_mass / draft_mass;
        draft_mass = with_replacement ? draft_mass : scalar_sum(q, vocabulary, tile_sum);
        fill_weights(level);
        residual_mass = scalar_sum(weights, vocabulary, tile_sum);
        if (residual_mass <= 1e-30f)
        {
            is_exhausted = true;
        }
        else if (draft_mass <= 0.0f)
        {
            for (i32 token = 0; token < vocabulary; token++)
                p[token] = weights[token] * (1.0f / residual_mass), q[token] = 1.0f;
            for (i32 rank = 0; rank < rejected; rank++)
                p[child_tok[rank]] = 0.0f, q[child_tok[rank]] = 0.0f;
            level = 0.0f, residual_mass = 1.0f, draft_mass = (float)(vocabulary - rejected);
        }
    }

    __device__ i32 sample(RandomStream stream)
    {
        fill_weights(is_exhausted ? 0.0f : level);
        i32 tok = scalar_race(weights, vocabulary, stream);
        return tok < 0 ? likeliest_rejected : tok;
    }
};

// The child that equals a token, or 0.
__device__ inline i32 child_of(const Sequence& sequence, i32 node, i32 tok)
{
    i32 first = sequence.tree.first_child[node];
    for (i32 rank = 0; rank < sequence.tree.child_count[node]; rank++)
    {
        if (sequence.tokens[first + rank] == tok)
            return first + rank;
    }
    return 0;
}

// The accepted child, or 0 and the token that follows; token -1 if the logits are damaged.
__device__ inline i32 follow(const VerifyTreeScalar& p, const Sequence& sequence, const float* target, float* rows, i32 node, i32& tok)
{
    const i32* child_tok = sequence.tokens + sequence.tree.first_child[node];
    i32 children = sequence.tree.child_count[node];
    if (sequence.sampling.temperature == 0.0f)
    {
        tok = scalar_argmax(target, p.vocabulary);
        return child_of(sequence, node, tok);
    }
    ScalarResidual residual = {rows, rows + p.vocabulary, rows + 2 * (size_t)p.vocabulary, rows + 3 * (size_t)p.vocabulary, p.vocabulary, sequence.method == SPEC_INFER};
    RowScale scale;
    tok = -1;
    if (!scalar_row_distribution(target, p.vocabulary, sequence.sampling, residual.p, residual.tile_sum, scale))
        return 0;
    if (sequence.method == TARGET_ONLY)
    {
        tok = scalar_race(residual.p, p.vocabulary, {sequence.seed, (u32)node, sequence.step, TARGET_SAMPLE});
        return child_of(sequence, node, tok);
    }
    for (i32 t = 0; t < p.vocabulary; t++)
        residual.q[t] = children > 0 ? probability(p.draft[(size_t)sequence.draft_row[node] * p.draft_stride + t], sequence.scales[node]) : 0.0f;
    for (i32 rank = 0; rank < children; rank++)
    {
        i32 child = sequence.tree.first_child[node] + rank;
        tok = child_tok[rank];
        if (residual.accepts(tok, accept_coin(sequence.seed, sequence.step, node, child)))
            return child;
        residual.reject(child_tok);
    }
    tok = residual.sample({sequence.seed, (u32)node, sequence.step, sequence.tree.size == 1 ? PLAIN_SAMPLE : FINAL_SAMPLE});
    return 0;
}

extern "C" __global__ void verify_tree_scalar(const __grid_constant__ VerifyTreeScalar p)
{
    i32 part = blockIdx.x, rows = p.parts[part].rows, node = 0;
    Sequence& sequence = *p.parts[part].sequence;
    const float* target = p.target + (size_t)p.parts[part].first_row * p.target_stride;
    i32* path = p.outcomes.path(part);
    Outcome outcome = {sequence.errors, 0, 0, -1, 0};
    while (outcome.errors == 0 && outcome.length < sequence.tree.levels)
    {
        path[outcome.length++] = node;
        float* workspace = p.workspace + (size_t)part * p.workspace_stride;
        node = follow(p, sequence, target + (size_t)node * p.target_stride, workspace, node, outcome.token);
        if (node == 0 || node >= rows)
            break;
    }
    outcome.ahead = node >= rows ? node : 0;
    bool is_damaged = outcome.token < 0;
    if (is_damaged)
    {
        sequence.errors |= outcome.errors == 0 ? DAMAGED_TARGET_LOGITS : 0;
        outcome = {sequence.errors};
    }
    p.outcomes.of(part) = outcome;
    if (!is_damaged)
        conclude(p.outcomes, part, sequence);
}
