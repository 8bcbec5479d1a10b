// Copies from global to shared memory that nobody waits for until asked to. Compute capability 8.0.
// A wait is for the thread's own copies: others see them behind the next barrier.
#pragma once
#include "types.cuh"

// 16 bytes, of which the first `bytes` are read and the rest become 0. Both addresses are multiples of 16.
__device__ inline void cp_async_16(u32 shared_address, const void* global, i32 bytes)
{
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" : : "r"(shared_address), "l"(global), "r"(bytes) : "memory");
}

__device__ inline void cp_async_commit() { asm volatile("cp.async.commit_group;" : : : "memory"); }

// Until at most the N latest groups are under way.
template <i32 N> __device__ void cp_async_wait() { asm volatile("cp.async.wait_group %0;" : : "n"(N) : "memory"); }
