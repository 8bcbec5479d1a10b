// The k largest 64-bit keys of a row, in descending order, by a whole block: exact, with two passes over the row in all usual cases.
//
// Keys are unique, so the result does not depend on the order in which threads find them. Pass 1 takes a bound of the largest
// key of each of blockDim.x / GROUP_LANES disjoint sets of tokens; the k-th largest of these is at most the k-th largest key. Pass 2 collects what
// reaches it, a few times k keys. If they do not fit (many of the largest in one set), the k-th largest of those collected is a better
// bound, and the pass is repeated: every repetition drops at least SELECTION_ROOM - k keys for good.
#pragma once
#include "block_reduce.cuh"
#include "quad.cuh"

constexpr i32 SELECTION_ROOM = 1024;
constexpr i32 GROUP_LANES = 4;

// The token's place in the order: drafted ones first, then by score, then by ascending token. Never 0 for a score above -infinity.
__device__ inline u64 selection_key(bool first_class, float score, i32 tok)
{
    // -0 and 0 are equal scores: adding 0 makes them equal bits.
    u32 bits = __float_as_uint(score + 0.0f);
    u32 ordered = (bits >> 31) ? ~bits : bits | 0x80000000u;
    return ((u64)first_class << 63) | ((u64)ordered << 31) | (0x7FFFFFFFu - (u32)tok);
}

__device__ inline i32 token_of(u64 key) { return (i32)(0x7FFFFFFFu - ((u32)key & 0x7FFFFFFFu)); }

// The score in a key; NaN, which nothing is below, for a key of 0 or 1.
__device__ inline float score_of(u64 key)
{
    u32 ordered = (u32)(key >> 31);
    return __uint_as_float((ordered >> 31) ? ordered & 0x7FFFFFFFu : ~ordered);
}

// Bitonic sort, largest first. count: a power of two. keys[] is complete on entry (barrier) and on return. A warp sorts few keys alone, while the
// others wait, since they would have to meet after each step.
__device__ inline void sort_descending(u64* keys, i32 count)
{
    bool alone = count <= 2 * LANES;
    for (i32 size = 2; size <= count && (!alone || threadIdx.x < LANES); size *= 2)
    {
        for (i32 apart = size / 2; apart > 0; apart /= 2)
        {
            for (i32 pair = threadIdx.x; pair < count / 2; pair += blockDim.x)
            {
                i32 low = 2 * pair - (pair & (apart - 1)), high = low + apart;
                u64 a = keys[low], b = keys[high];
                if ((a < b) == ((low & size) == 0))
                    keys[low] = b, keys[high] = a;
            }
            // This step's exchanges are complete.
            if (alone)
                __syncwarp();
            else
                __syncthreads();
        }
    }
    // keys[] is sorted.
    if (alone)
        __syncthreads();
}

// The largest key of this thread's quads.
template <typename Candidates> __device__ u64 largest_key(i32 quads, const Candidates& candidates)
{
    u64 best = 0;
    for (i32 quad = threadIdx.x; quad < quads; quad += blockDim.x)
        candidates(quad, best, [&](u64 key) { best = key > best ? key : best; });
    return best;
}

// candidates(quad, floor, visit) calls visit(key) for the keys of a quad of tokens; it may leave out those below floor. candidates.bound(quads) is at
// most the largest key of this thread's quads.
// wanted: at most SELECTION_ROOM / 2. keys[]: SELECTION_ROOM of shared memory, free on entry.
// Returns how many there are; the first of keys[] are the result.
template <typename Candidates> __device__ i32 select_largest(i32 quads, i32 wanted, u64* keys, const Candidates& candidates)
{
    __shared__ i32 collected;
    i32 groups = blockDim.x / GROUP_LANES;
    // No key is 0, so 1 lets all of them through.
    u64 floor = 1;
    // No bound is needed where all keys fit, and none can be had for more keys than groups.
    if (4 * quads > SELECTION_ROOM && wanted <= groups)
    {
        u64 best = warp_reduce<Largest>(candidates.bound(quads), GROUP_LANES);
        if (threadIdx.x % GROUP_LANES == 0)
            keys[threadIdx.x / GROUP_LANES] = best;
        // keys[] has every group's bound.
        __syncthreads();
        sort_descending(keys, groups);
        floor = Largest::of(floor, keys[wanted - 1]);
    }
    i32 count = 0;
    for (i32 round = 0; round <= 4 * quads / (SELECTION_ROOM / 2); round++)
    {
        // Everybody has read the bound and the last count.
        __syncthreads();
        if (threadIdx.x == 0)
            collected = 0;
        // collected is reset.
        __syncthreads();
        for (i32 quad = threadIdx.x; quad < quads; quad += blockDim.x)
        {
            candidates(quad, floor, [&](u64 key) {
                i32 slot = key >= floor ? atomicAdd(&collected, 1) : SELECTION_ROOM;
                if (slot < SELECTION_ROOM)
                    keys[slot] = key;
            });
        }
        // keys[] and collected are complete.
        __syncthreads();
        count = collected;
        i32 stored = count < SELECTION_ROOM ? count : SELECTION_ROOM, sorted = 1;
        while (sorted < stored || sorted < wanted)
            sorted *= 2;
        for (i32 slot = stored + threadIdx.x; slot < sorted; slot += blockDim.x)
            keys[slot] = 0;
        // keys[] is filled up.
        __syncthreads();
        sort_descending(keys, sorted);
        if (count <= SELECTION_ROOM)
            break;
        floor = keys[wanted - 1];
    }
    return count < wanted ? count : wanted;
}
