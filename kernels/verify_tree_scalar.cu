// The slow twin of verify_tree.cu: one thread, with P, Q and the residual as rows in memory. Same inputs, same outputs, same bits.
//
// workspace: 3 vocabulary + scalar_sum_room floats
// Grid: 1. Block: 1.
#include "row_law_scalar.cuh"
#include "verify_tree.cuh"

struct VerifyTreeScalar : VerifyTree
{
    float* workspace;
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
                p[token] = weights[token] / residual_mass, q[token] = 1.0f;
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
__device__ inline i32 child_of(const VerifyTreeScalar& p, i32 node, i32 tok)
{
    for (i32 rank = 0; rank < p.tree.child_count[node]; rank++)
    {
        if (p.tok_of_node[p.tree.first_child[node] + rank] == tok)
            return p.tree.first_child[node] + rank;
    }
    return 0;
}

// The accepted child, or 0 and the token that follows; token -1 if the logits are damaged.
__device__ inline i32 follow(const VerifyTreeScalar& p, i32 node, i32& tok)
{
    const float* target = p.target + (size_t)node * p.target_stride;
    const i32* child_tok = p.tok_of_node + p.tree.first_child[node];
    i32 children = p.tree.child_count[node], draft_row = p.tree.draft_row[node];
    if (p.law.temperature == 0.0f)
    {
        tok = scalar_argmax(target, p.vocabulary);
        return child_of(p, node, tok);
    }
    float* rows = p.workspace;
    ScalarResidual residual = {rows, rows + p.vocabulary, rows + 2 * (size_t)p.vocabulary, rows + 3 * (size_t)p.vocabulary, p.vocabulary, p.method == SPEC_INFER};
    RowScale scale;
    tok = -1;
    if (!scalar_row_law(target, p.vocabulary, p.law, residual.p, residual.tile_sum, scale))
        return 0;
    if (p.method == TARGET_ONLY)
    {
        tok = scalar_race(residual.p, p.vocabulary, {p.seed, (u32)node, p.state->step, TARGET_SAMPLE});
        return child_of(p, node, tok);
    }
    for (i32 t = 0; t < p.vocabulary; t++)
        residual.q[t] = children > 0 ? probability(p.draft[(size_t)draft_row * p.draft_stride + t], p.scale[draft_row]) : 0.0f;
    for (i32 rank = 0; rank < children; rank++)
    {
        i32 child = p.tree.first_child[node] + rank;
        tok = child_tok[rank];
        if (residual.accepts(tok, accept_coin(p.seed, p.state->step, node, child)))
            return child;
        residual.reject(child_tok);
    }
    tok = residual.sample({p.seed, (u32)node, p.state->step, p.tree_size == 1 ? PLAIN_SAMPLE : FINAL_SAMPLE});
    return 0;
}

extern "C" __global__ void verify_tree_scalar(const __grid_constant__ VerifyTreeScalar p)
{
    *p.verdict = {};
    if (p.state->errors != 0)
        return;
    Verdict verdict = {0, 0, -1, 0};
    i32 node = 0;
    do
    {
        p.path[verdict.length++] = node;
        node = follow(p, node, verdict.token);
    } while (node > 0 && node < p.nodes && verdict.length < p.levels);
    verdict.ahead = node >= p.nodes ? node : 0;
    if (verdict.token < 0)
        p.state->errors = DAMAGED_TARGET_LOGITS;
    else
    {
        conclude(verdict, p.path, p.tok_of_node, p.tree, p.toks);
        *p.verdict = verdict;
    }
}
