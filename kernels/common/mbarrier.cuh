// Barriers in shared memory that count arrivals and bytes, and the bulk copies that bring these bytes. Compute capability 9.0.
//
// A phase of a barrier is complete when all arrivals have come that it was initialised with, and all bytes that were expected; then the next one begins.
// The phase before the first is complete, and its parity is 1. Whoever waits for a phase sees what those who arrived wrote before, and the copies.
#pragma once
#include "types.cuh"

// By one thread; then fence_mbarriers, and a barrier of all threads.
__device__ inline void mbarrier_init(u32 barrier, i32 arrivals) { asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(barrier), "r"(arrivals) : "memory"); }

__device__ inline void fence_mbarriers() { asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory"); }

__device__ inline void mbarrier_arrive(u32 barrier) { asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(barrier) : "memory"); }

// The same, after making the phase expect bytes.
__device__ inline void mbarrier_expect(u32 barrier, i32 bytes)
{
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(barrier), "r"(bytes) : "memory");
}

__device__ inline void mbarrier_wait(u32 barrier, u32 parity)
{
    u32 done;
    // A try gives up after some time.
    do
        asm volatile("{\n.reg .pred p;\nmbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2;\nselp.u32 %0, 1, 0, p;\n}" : "=r"(done) : "r"(barrier), "r"(parity) : "memory");
    while (!done);
}

// Which lines of the L2 cache copies leave to others.
__device__ inline u64 evict_first()
{
    u64 policy;
    asm("createpolicy.fractional.L2::evict_first.b64 %0, 1.0;" : "=l"(policy));
    return policy;
}

__device__ inline u64 evict_normal()
{
    u64 policy;
    asm("createpolicy.fractional.L2::evict_normal.b64 %0, 1.0;" : "=l"(policy));
    return policy;
}

// Between ordinary stores to global memory that are visible to this thread, and bulk copies that read them.
__device__ inline void fence_global_copies() { asm volatile("fence.proxy.async.global;" ::: "memory"); }

// One thread begins to copy to shared memory; the barrier gets the bytes. Both addresses and the number of bytes: multiples of 16.
__device__ inline void bulk_copy(u32 shared_address, const void* global, i32 bytes, u32 barrier, u64 policy)
{
    asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes.L2::cache_hint [%0], [%1], %2, [%3], %4;" ::"r"(shared_address),
                 "l"(__cvta_generic_to_global(global)), "r"(bytes), "r"(barrier), "l"(policy)
                 : "memory");
}
