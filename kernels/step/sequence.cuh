// What one sequence has on the device. Everything that changes from step to step or from request to request lies here and not in the
// parameters of kernels, so a recorded step serves every step of every request.
#pragma once
#include "distribution.cuh"

// Bits of Sequence::errors. The host looks once a step.
constexpr u32 DAMAGED_DRAFT_LOGITS = 1;
constexpr u32 DAMAGED_TARGET_LOGITS = 2;

// SpeculationMethod of the host.
enum Method : i32
{
    SEQUOIA = 0,
    SPEC_INFER = 1,
    TARGET_ONLY = 2,
};

// The tree's shape (TokenTree): nodes breadth first, a node's children are neighbours.
struct TreeShape
{
    const i32* first_child; // [size]
    const i32* child_count; // [size]
    const i32* depths;      // [size]
    const i32* paths;       // [size][levels] the nodes from the root down to each node
    i32 size;
    i32 levels;
};

// Positions of a page of the KV cache.
constexpr i32 PAGE = 16;

// DeviceSequence of the host.
struct Sequence
{
    u32 step;      // part of every random number's counter; advance_step adds 1 after each verification
    i32 committed; // tokens before the tree's root
    u32 errors;
    Method method;
    u64 seed;
    SamplingSettings sampling;
    i32* tokens; // of the tree's nodes; tokens[-k] is the token at position committed - k, as far back as a pass computes
    const i32* target_pages; // of each model's cache, in the order of positions
    const i32* draft_pages;
    TreeShape tree;
    i32* draft_row;   // [size] row of the draft's logits that an inner node's children were drawn from
    RowScale* scales; // [size] what makes that row probabilities
};

// A copy of a sequence in shared memory, for blocks that look at it again and again: its fields take no registers there. All threads.
__device__ inline const Sequence& load_sequence(const Sequence* from)
{
    constexpr i32 WORDS = sizeof(Sequence) / sizeof(u32);
    __shared__ Sequence copy;
    for (i32 word = threadIdx.x; word < WORDS; word += blockDim.x)
        reinterpret_cast<u32*>(&copy)[word] = reinterpret_cast<const u32*>(from)[word];
    // The copy is complete.
    __syncthreads();
    return copy;
}

// Depth of a node below the root. Node -k is no node of the tree but the committed token k before the root.
__device__ inline i32 depth_of(const Sequence& sequence, i32 node) { return node < 0 ? node : sequence.tree.depths[node]; }

__device__ inline const i32* pages_of(const Sequence& sequence, i32 cache) { return cache == 0 ? sequence.target_pages : sequence.draft_pages; }

// Where a cache keeps the row that a sequence counts as its row-th: position row of the committed tokens, node row - committed of the tree.
__device__ inline i32 cache_row(const i32* pages, i32 row) { return pages[row / PAGE] * PAGE + row % PAGE; }
