// Philox4x32-10 (Salmon et al., SC 2011), as Philox.cs and RandomKey.cs: a number depends on what it is for (seed; token / 4, node, step,
// purpose), never on thread, block or call order.
#pragma once
#include "exact_math.cuh"

constexpr i32 PHILOX_ROUNDS = 10;

// RandomPurpose of RandomKey.cs.
enum Purpose : u32
{
    DRAFT_NOISE = 1,
    ACCEPT_COIN = 2,
    FINAL_SAMPLE = 3,
    PLAIN_SAMPLE = 4,
    CHILD_SAMPLE = 5,
    TARGET_SAMPLE = 6,
};

// Everything of the counter but token / 4.
struct RandomStream
{
    u64 seed;
    u32 node, step, purpose;
};

__device__ inline uint4 philox(u64 key, uint4 c)
{
    u32 k0 = (u32)key, k1 = (u32)(key >> 32);
    for (i32 round = 0; round < PHILOX_ROUNDS; round++)
    {
        u32 high0 = __umulhi(0xD2511F53u, c.x), low0 = 0xD2511F53u * c.x;
        u32 high1 = __umulhi(0xCD9E8D57u, c.z), low1 = 0xCD9E8D57u * c.z;
        c = make_uint4(high1 ^ c.y ^ k0, low1, high0 ^ c.w ^ k1, low0);
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return c;
}

// Four random numbers for tokens 4 quad .. 4 quad + 3.
struct RandomQuad
{
    u32 of[4];

    __device__ RandomQuad(RandomStream stream, i32 quad)
    {
        uint4 r = philox(stream.seed, make_uint4((u32)quad, stream.node, stream.step, stream.purpose));
        of[0] = r.x, of[1] = r.y, of[2] = r.z, of[3] = r.w;
    }
};

// A coin in (0, 1) for accepting `child` below `node`: ((r >> 9) + 1/2) 2^-23, exact in fp32.
__device__ inline float accept_coin(u64 seed, u32 step, i32 node, i32 child)
{
    u32 r = philox(seed, make_uint4((u32)child, (u32)node, step, ACCEPT_COIN)).x;
    return ((float)(r >> 9) + 0.5f) * (1.0f / 8388608.0f);
}

// u = min((r + 1/2) 2^-32, 1 - 2^-24); -log(1 - u) is then exponential, and fine-grained near 0.
__device__ inline float uniform_of(u32 r)
{
    float u = fmaf(__uint2float_rn(r), 1.0f / 4294967296.0f, 0.5f / 4294967296.0f);
    float limit = 1.0f - 1.0f / 16777216.0f;
    return u < limit ? u : limit;
}

// The most that Gumbel noise -log(-log(1 - u)) can be for this r, with a margin for rounding: the exponential is at least u, and
// u >= 2^(-1 - leading zeros of r). Costs no logarithm.
__device__ inline float most_noise(u32 r) { return 0.694f * (float)(1 + __clz((i32)r)); }

// The least that it can be, with a margin too: u < 2^-n behind n leading zeros, so the exponential is less than -log(1 - 2^-n), which is at most
// 2^-n * 1.387 for n > 0, and less than 16.7 for n = 0, where u ends at 1 - 2^-24.
__device__ inline float least_noise(u32 r)
{
    i32 zeros = __clz((i32)r);
    return zeros > 0 ? fmaf(0.693f, (float)zeros, -0.33f) : -2.82f;
}
