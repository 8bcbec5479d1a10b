// A block of attend: its size, its shared memory, rows of keys in it, and 16-bit numbers in pairs.
#pragma once
#include "attend.cuh"
#include "cp_async.cuh"

constexpr i32 THREADS = 128;
constexpr i32 WARPS = THREADS / LANES;

// A key, value or query in shared memory.
constexpr i32 ROW_BYTES = 2 * HEAD_DIM;
constexpr i32 ROW_CHUNKS = ROW_BYTES / 16;

constexpr float LOG2_E = 1.44269504f;

extern __shared__ __align__(128) unsigned char shared[];

__device__ inline u32 shared_base() { return (u32)__cvta_generic_to_shared(shared); }

// Two floats rounded to T, the first in the low half.
template <typename T> __device__ u32 packed(float low, float high);

template <> __device__ inline u32 packed<F16>(float low, float high)
{
    u32 both;
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(both) : "f"(high), "f"(low));
    return both;
}

template <> __device__ inline u32 packed<BF16>(float low, float high)
{
    u32 both;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(both) : "f"(high), "f"(low));
    return both;
}
