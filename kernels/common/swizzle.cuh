// Rows of ROW_BYTES in shared memory whose chunks of 16 bytes lie so that any 8 neighbouring rows have a chunk of the same number in
// different banks: what ldmatrix reads, and 8 lanes that read 16 bytes each, come without conflicts.
#pragma once
#include "types.cuh"

template <i32 ROW_BYTES> __device__ u32 swizzled(i32 row, i32 chunk)
{
    static_assert(ROW_BYTES == 64 || ROW_BYTES % 128 == 0, "a row has half a line of the banks, or whole lines");
    constexpr i32 LINE_ROWS = ROW_BYTES == 64 ? 2 : 1, TURNS = 8 / LINE_ROWS;
    return (u32)(row * ROW_BYTES + 16 * (chunk ^ (row / LINE_ROWS % TURNS)));
}

// The same number. The compiler, which does not know that, keeps it in a register; else it would compute addresses anew wherever it uses them.
__device__ inline u32 kept(u32 x)
{
    asm("" : "+r"(x));
    return x;
}
