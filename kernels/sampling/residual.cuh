// The verifier's state at one node in water-level form (ResidualDistribution.cs): after any rejections the residual distribution is
// proportional to max(P - C Q, 0) with one scalar C, so nothing vocabulary-sized is written. P and Q are recomputed from logits. Every thread
// of the block has the same state and comes to the same decisions.
#pragma once
#include "race.cuh"
#include "row_scale.cuh"

// Below this the residual is rounding noise: rejecting had probability Z, so such a state is never met in practice.
constexpr float NO_MASS = 1e-30f;

struct Residual
{
    const float* __restrict__ target;
    const float* __restrict__ draft;
    const i32* child_tok; // the node's children; the first `rejected` of them were rejected
    RowScale target_scale, draft_scale;
    i32 vocabulary;
    bool with_replacement; // the children were drawn so: D stays Q, and W 1

    float level = 0.0f;         // C
    float residual_mass = 1.0f; // Z
    float draft_mass = 1.0f;    // W
    i32 rejected = 0;
    i32 likeliest_rejected = -1;
    float likeliest_mass = -1.0f;
    bool is_exhausted = false;

    // Once the draft has no mass left, its children came uniformly from the rest: P becomes the residual at that moment, Q is 1.
    bool is_uniform = false;
    float uniform_level = 0.0f;
    float uniform_inverse_mass = 1.0f;

    static __device__ float positive(float x) { return x > 0.0f ? x : 0.0f; }

    // P and Q of a token that was not rejected.
    __device__ void masses(float target_logit, float draft_logit, float& p, float& q) const
    {
        p = probability(target_logit, target_scale);
        q = probability(draft_logit, draft_scale);
        if (is_uniform)
        {
            p = positive(fmaf(-uniform_level, q, p)) * uniform_inverse_mass;
            q = 1.0f;
        }
    }

    // Bit i: token 64 tile + i was rejected.
    __device__ u64 rejected_in(i32 tile) const
    {
        u64 mask = 0;
        for (i32 child = 0; child < rejected; child++)
        {
            i32 tok = child_tok[child];
            mask |= tok / TILE_TOKENS == tile ? 1ull << (tok % TILE_TOKENS) : 0;
        }
        return mask;
    }

    // visit(tok, p, q) for the tokens of a tile in order; rejected ones have p = q = 0.
    template <typename Visit> __device__ void visit_tile(i32 tile, Visit visit) const
    {
        u64 mask = rejected_in(tile);
        for (i32 tok = tile * TILE_TOKENS; tok < (tile + 1) * TILE_TOKENS && tok < vocabulary; tok += 4)
        {
            Quad target_logit = load_quad(target, tok, vocabulary), draft_logit = load_quad(draft, tok, vocabulary);
            for (i32 part = 0; part < 4 && tok + part < vocabulary; part++)
            {
                float p = 0.0f, q = 0.0f;
                if (!((mask >> ((tok + part) % TILE_TOKENS)) & 1))
                    masses(target_logit.of[part], draft_logit.of[part], p, q);
                visit(tok + part, p, q);
            }
        }
    }

    // Accepts with probability min(1, R(s) / D(s)): strict, with a coin inside (0, 1), so that an impossible token never passes.
    __device__ bool accepts(i32 tok, float coin) const
    {
        // A second copy of a rejected token has no mass, and rounding must not give it any.
        for (i32 child = 0; with_replacement && child < rejected; child++)
        {
            if (child_tok[child] == tok)
                return false;
        }
        float p, q;
        masses(target[tok], draft[tok], p, q);
        return !is_exhausted && positive(fmaf(-level, q, p)) / residual_mass > coin * q / draft_mass;
    }

    // Takes the next child out of both distributions. Scratch is free on entry and reusable after the next barrier.
    __device__ void reject(i32 tok, RowScratch* scratch)
    {
        float p, q;
        masses(target[tok], draft[tok], p, q);
        if (p > likeliest_mass)
            likeliest_rejected = tok, likeliest_mass = p;
        rejected++;
        if (is_exhausted)
            return;
        level += residual_mass / draft_mass;

        // Summed anew over the survivors: 1 - q would keep no digits of a peaked draft's rest.
        i32 tiles = tiles_of(vocabulary);
        float* draft_sum = scratch->tile_sum;
        float* residual_sum = draft_sum + tree_size(tiles);
        for (i32 tile = threadIdx.x; tile < tiles; tile += blockDim.x)
        {
            float of_draft = 0.0f, of_residual = 0.0f;
            visit_tile(tile, [&](i32, float tok_p, float tok_q) {
                of_draft += tok_q;
                of_residual += positive(fmaf(-level, tok_q, tok_p));
            });
            draft_sum[tile] = of_draft;
            residual_sum[tile] = of_residual;
        }
        if (!with_replacement)
            draft_mass = tree_over_tiles(draft_sum, tiles);
        residual_mass = tree_over_tiles(residual_sum, tiles);
        if (residual_mass <= NO_MASS)
            is_exhausted = true;
        else if (draft_mass <= 0.0f)
            fall_back_to_uniform();
    }

    // Draws from the residual distribution. All threads get the token.
    __device__ i32 sample(RandomStream noise) const
    {
        float final_level = is_exhausted ? 0.0f : level;
        u64 first = NOBODY;
        for (i32 tile = threadIdx.x; tile < tiles_of(vocabulary); tile += blockDim.x)
        {
            uint4 random = {};
            visit_tile(tile, [&](i32 tok, float p, float q) {
                if (tok % 4 == 0)
                    random = philox(noise.seed, make_uint4((u32)tok / 4, noise.node, noise.step, noise.purpose));
                u32 r = tok % 4 == 0 ? random.x : tok % 4 == 1 ? random.y : tok % 4 == 2 ? random.z : random.w;
                first = earlier(first, positive(fmaf(-final_level, q, p)), r, tok);
            });
        }
        first = block_reduce<Smallest>(first, NOBODY);
        // All of P's mass was on rejected tokens: a rounding error rejected one that was certain (about once in 10^7 times).
        return first == NOBODY ? likeliest_rejected : (i32)(u32)first;
    }

    __device__ void fall_back_to_uniform()
    {
        is_uniform = true;
        uniform_level = level, uniform_inverse_mass = 1.0f / residual_mass;
        level = 0.0f, residual_mass = 1.0f, draft_mass = (float)(vocabulary - rejected);
    }
};
