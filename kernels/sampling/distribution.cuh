// How logits become the distribution that is drawn from and verified: temperature, top-k, top-p, renormalise (TokenDistribution.cs).
// No probability is ever stored: a row's distribution is six numbers, and probability() recomputes the same bits from the logit.
#pragma once
#include "exact_math.cuh"

// SamplingOptions of the host.
struct SamplingSettings
{
    float temperature; // 0 is greedy
    i32 top_k;         // 0 keeps all
    u64 top_p_mass;    // in units of 2^-52, at least 1; 0 keeps all
};

__device__ inline bool keeps_count(const SamplingSettings& sampling, i32 vocabulary) { return sampling.top_k > 0 && sampling.top_k < vocabulary; }

__device__ inline bool keeps_mass(const SamplingSettings& sampling) { return sampling.top_p_mass > 0; }

// What makes one row's logits probabilities. Written by draw_children for every inner node, read by verify_tree.
// Reciprocals, since a division for each token costs more than the exponential. None overflows: temperatures are 0.001 to 100, the largest
// weight is 1, and top-p keeps the largest probability at least.
struct RowScale
{
    float inverse_temperature;
    float max;          // of z = logit * inverse_temperature
    float count_floor;  // top-k keeps exp(z - max) from here on; 0 keeps all
    float inverse_sum;  // of what top-k keeps
    float mass_floor;   // top-p keeps probabilities from here on; 0 keeps all
    float inverse_kept; // of the mass that top-p keeps; 1 where it is off
};

// exp(z - max), 0 where top-k drops the token.
__device__ inline float weight_of(float logit, const RowScale& scale)
{
    float weight = exact_exp(logit * scale.inverse_temperature - scale.max);
    return weight < scale.count_floor ? 0.0f : weight;
}

__device__ inline float probability(float logit, const RowScale& scale)
{
    float p = weight_of(logit, scale) * scale.inverse_sum;
    return p < scale.mass_floor ? 0.0f : p * scale.inverse_kept;
}
