// Four neighbouring tokens of a row: one 16-byte load, one Philox block.
#pragma once
#include "types.cuh"

struct Quad
{
    float of[4];
};

// Logits of tokens tok .. tok+3; -infinity from `vocabulary` on, whose memory is not read. The row is 16-byte aligned.
__device__ inline Quad load_quad(const float* __restrict__ row, i32 tok, i32 vocabulary)
{
    Quad quad;
    if (tok + 4 <= vocabulary)
    {
        float4 v = *reinterpret_cast<const float4*>(row + tok);
        quad.of[0] = v.x, quad.of[1] = v.y, quad.of[2] = v.z, quad.of[3] = v.w;
        return quad;
    }
    for (i32 part = 0; part < 4; part++)
        quad.of[part] = tok + part < vocabulary ? row[tok + part] : -infinity();
    return quad;
}

__device__ inline i32 quads_of(i32 vocabulary) { return (vocabulary + 3) / 4; }
