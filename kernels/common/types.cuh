// Fixed-width types and float bits. NVRTC without headers has none of <cstdint>, and no INFINITY.
#pragma once

using u32 = unsigned int;
using i32 = int;
using u64 = unsigned long long;

static_assert(sizeof(u32) == 4 && sizeof(i32) == 4 && sizeof(u64) == 8, "fixed widths");

__device__ inline float infinity() { return __uint_as_float(0x7F800000u); }

__device__ inline float not_a_number() { return __uint_as_float(0x7FC00000u); }

// All threads of a warp.
constexpr u32 WARP = 0xFFFFFFFFu;
constexpr i32 LANES = 32;
