// Counts blocks, or warps, that have left results in memory, so that the last of them can use all.
#pragma once
#include "types.cuh"

// True for the last of `count` arrivals; the counter, 0 before the first, is 0 again after it. What this thread wrote before, or others of its block
// before a barrier, is visible to the last arrival, and behind another barrier to its block: release and acquire in one instruction.
__device__ inline bool arrives_last(u32* counter, u32 count)
{
    u32 before;
    asm volatile("atom.acq_rel.gpu.global.inc.u32 %0, [%1], %2;" : "=r"(before) : "l"(__cvta_generic_to_global(counter)), "r"(count - 1) : "memory");
    return before == count - 1;
}

// The same for a whole block, whose threads all get the answer and see what the other blocks wrote.
__device__ inline bool block_arrives_last(u32* counter, u32 count)
{
    // What this block leaves is written.
    __syncthreads();
    return __syncthreads_or(threadIdx.x == 0 && arrives_last(counter, count));
}
