// The sum of one float of each thread of a block, in an order that depends on the block's size alone. Block: a multiple of 32, 1024 at
// most. Every thread gets the result.
#pragma once
#include "types.cuh"

__device__ inline float warp_sum(float value)
{
    // Both partners add the same two numbers, so all lanes hold the same bits.
    for (i32 apart = LANES / 2; apart > 0; apart /= 2)
        value += __shfl_xor_sync(WARP, value, apart);
    return value;
}

__device__ inline float block_sum(float value)
{
    __shared__ float of_warp[LANES];
    i32 warp = threadIdx.x / LANES, lane = threadIdx.x % LANES;
    value = warp_sum(value);
    // of_warp[] is free: the previous sum's readers are done.
    __syncthreads();
    if (lane == 0)
        of_warp[warp] = value;
    // of_warp[] is complete.
    __syncthreads();
    return warp_sum(lane < (i32)blockDim.x / LANES ? of_warp[lane] : 0.0f);
}
