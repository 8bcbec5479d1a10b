// Reductions over a block whose order does not matter (largest, smallest, integer sums). Block: a multiple of 32, 1024 at most.
// Every thread gets the result.
#pragma once
#include "types.cuh"

struct Largest
{
    template <typename T> static __device__ T of(T a, T b) { return b > a ? b : a; }
};

struct Smallest
{
    template <typename T> static __device__ T of(T a, T b) { return b < a ? b : a; }
};

struct Total
{
    template <typename T> static __device__ T of(T a, T b) { return a + b; }
};

template <typename Operation, typename T> __device__ T warp_reduce(T value, i32 lanes = LANES)
{
    for (i32 apart = lanes / 2; apart > 0; apart /= 2)
        value = Operation::of(value, __shfl_xor_sync(WARP, value, apart));
    return value;
}

template <typename Operation, typename T> __device__ T block_reduce(T value, T neutral)
{
    __shared__ T of_warp[LANES];
    i32 warp = threadIdx.x / LANES, lane = threadIdx.x % LANES;
    value = warp_reduce<Operation>(value);
    // of_warp[] is free: the previous reduction's readers are done.
    __syncthreads();
    if (lane == 0)
        of_warp[warp] = value;
    // of_warp[] is complete.
    __syncthreads();
    return warp_reduce<Operation>(lane < (i32)blockDim.x / LANES ? of_warp[lane] : neutral);
}
