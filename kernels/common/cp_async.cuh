// Copies from global to shared memory that run beside the computation. Compute capability 8.0 and up.
//
// A thread waits for its own copies only: others see them after a barrier behind the wait.
#pragma once
#include "types.cuh"

// Both addresses: multiples of 16. Reads the first bytes (0 to 16) and fills the rest of the 16 with zeros.
__device__ inline void cp_async_16(u32 shared_address, const void* global, i32 bytes)
{
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address), "l"(__cvta_generic_to_global(global)), "r"(bytes) : "memory");
}

// The same, of whole 16 bytes.
__device__ inline void cp_async_16(u32 shared_address, size_t global_address)
{
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(shared_address), "l"(global_address) : "memory");
}

__device__ inline size_t global_address(const void* pointer) { return __cvta_generic_to_global(pointer); }

// What was issued since the last commit becomes a group, also if it is nothing.
__device__ inline void cp_async_commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }

// Waits for all groups but the newest N.
template <i32 N> __device__ inline void cp_async_wait() { asm volatile("cp.async.wait_group %0;" ::"n"(N) : "memory"); }
