// Softmax over keys that are met in several parts. Scores are in units of log 2, so that weights are powers of two.
#pragma once
#include "types.cuh"

// Of some keys: the largest score, and the sum of the weights 2^(score - max).
struct __align__(8) Mass
{
    float max;
    float sum;
};

// The largest score of no keys. It is finite: two infinities have no difference.
constexpr float LEAST_SCORE = -1.5e38f;

__device__ inline Mass no_mass() { return {LEAST_SCORE, 0.0f}; }

// What sums of two parts are multiplied by when they become one.
struct Merge
{
    float keep;
    float add;
};

// 2^x to 2 units in the last place; 0 below -126. Exact for 0 and -infinity.
__device__ inline float exp2_approx(float x)
{
    float power;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(power) : "f"(x));
    return power;
}

// Takes a further part in. A part without keys leaves all bits as they are, also those of sums (but for the sign of 0).
__device__ inline Merge merge(Mass& mass, Mass part)
{
    float max = fmaxf(mass.max, part.max);
    Merge merge = {exp2_approx(mass.max - max), exp2_approx(part.max - max)};
    mass = {max, fmaf(part.sum, merge.add, mass.sum * merge.keep)};
    return merge;
}

__device__ inline float merged(float sum, float part, Merge merge) { return fmaf(part, merge.add, sum * merge.keep); }
