// Weights and keys and values are stored in 16 bits; sums are fp32.
#pragma once
#include "types.cuh"

struct F16
{
    unsigned short bits;
};

struct BF16
{
    unsigned short bits;
};

__device__ inline float to_float(F16 x)
{
    float wide;
    asm("cvt.f32.f16 %0, %1;" : "=f"(wide) : "h"(x.bits));
    return wide;
}

__device__ inline float to_float(BF16 x) { return __uint_as_float((u32)x.bits << 16); }

template <typename T> __device__ T from_float(float x);

template <> __device__ inline F16 from_float<F16>(float x)
{
    F16 narrow;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(narrow.bits) : "f"(x));
    return narrow;
}

// To the nearest, ties to even, by integers: the instruction for it came with compute capability 8.0. NaN stays NaN.
template <> __device__ inline BF16 from_float<BF16>(float x)
{
    u32 bits = __float_as_uint(x);
    bool is_nan = (bits & 0x7fffffffu) > 0x7f800000u;
    return {(unsigned short)(is_nan ? 0x7fffu : (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16)};
}

// As stored in T.
template <typename T> __device__ float rounded(float x) { return to_float(from_float<T>(x)); }
