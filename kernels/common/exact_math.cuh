// Exponential and logarithm made of additions, fused multiply-adds and integer shifts only: the same bits as ExactMath.cs on every
// device. Line by line the same, so change both or neither. Needs --fmad=false: only what is written as fmaf may be fused.
#pragma once
#include "types.cuh"

constexpr float LN2_HIGH = 0.693145752f;
constexpr float LN2_LOW = 1.42860677e-6f;

// Adding 1.5 * 2^23 rounds to an integer and leaves it in the low bits.
constexpr float ROUNDING_MAGIC = 12582912.0f;

// The bits of 2/3 rounded up: the subtraction carries into the exponent field exactly when the mantissa reaches 4/3.
constexpr i32 TWO_THIRDS = 0x3F2AAAAB;

// e^x for x <= 0; 0 below -87, so that no result is subnormal.
__device__ inline float exact_exp(float x)
{
    float power = fmaf(x, 1.44269504f, ROUNDING_MAGIC);
    float k = power - ROUNDING_MAGIC;
    float r = fmaf(k, -LN2_HIGH, x);
    r = fmaf(k, -LN2_LOW, r);
    float p = fmaf(0.00138146023f, r, 0.00836871564f);
    p = fmaf(p, r, 0.041668389f);
    p = fmaf(p, r, 0.16666521f);
    p = fmaf(p, r, 0.49999994f);
    p = fmaf(p, r, 1.0f);
    p = fmaf(p, r, 1.0f);
    return x < -87.0f ? 0.0f : __uint_as_float(__float_as_uint(p) + (__float_as_uint(power) << 23));
}

// e with x = m * 2^e and m in [2/3, 4/3), for positive normal x.
__device__ inline float exponent_of(float x) { return (float)((__float_as_int(x) - TWO_THIRDS) >> 23); }

__device__ inline float mantissa_of(float x)
{
    i32 bits = __float_as_int(x);
    return __int_as_float(bits - ((bits - TWO_THIRDS) & (i32)0xFF800000));
}

// log(1 + f) + exponent * log 2 for f in [-1/3, 1/3].
__device__ inline float log_of(float f, float exponent)
{
    float p = fmaf(-0.128916785f, f, 0.139844373f);
    p = fmaf(p, f, -0.121842623f);
    p = fmaf(p, f, 0.140058696f);
    p = fmaf(p, f, -0.166804865f);
    p = fmaf(p, f, 0.200104058f);
    p = fmaf(p, f, -0.249997973f);
    p = fmaf(p, f, 0.333332151f);
    float square = f * f;
    // log(1 + f) = f + f^2 (f P(f) - 1/2); the exponent's part is added in two pieces, small one first.
    float tail = fmaf(f, p, -0.5f);
    float low = fmaf(exponent, LN2_LOW, square * tail);
    return fmaf(exponent, LN2_HIGH, f + low);
}

// log x for positive normal x.
__device__ inline float exact_log(float x) { return log_of(mantissa_of(x) - 1.0f, exponent_of(x)); }

// -log(1 - u) for u in (0, 1 - 2^-24], with full relative accuracy near 0, where exponential races are decided.
__device__ inline float negative_log1m(float u)
{
    float y = 1.0f - u;
    float exponent = exponent_of(y);
    // With exponent 0 (u <= 1/3) log1p of the unrounded -u keeps the digits that 1 - u has lost.
    float f = exponent < 0.0f ? mantissa_of(y) - 1.0f : 0.0f - u;
    return 0.0f - log_of(f, exponent);
}
