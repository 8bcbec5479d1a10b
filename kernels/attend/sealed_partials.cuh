// The workspace between attend_sealed and attend: sums over the sealed keys of each split, row and head.
//
//   [splits][count][heads][head_dim] float   sum of weight x value
//   [splits][count][heads] Mass              behind all of these
//
// Only what a row has keys for is written and read.
#pragma once
#include "attend.cuh"
#include "softmax_state.cuh"

// Keys of a split. Splits begin at multiples of it, whatever the prefix, and never grow: a row's order of sums is fixed.
constexpr i32 SPLIT_KEYS = 256;

// Splits that hold a number of sealed keys.
__device__ inline i32 splits_of(i32 keys) { return (keys + SPLIT_KEYS - 1) / SPLIT_KEYS; }

struct SealedPartial
{
    float* sums;
    Mass* mass;
};

__device__ inline SealedPartial sealed_partial(const Attend& p, i32 split, i32 row, i32 head)
{
    u64 of_split = (u64)p.count * p.heads, at = split * of_split + (u64)(row - p.first_row) * p.heads + head;
    Mass* masses = reinterpret_cast<Mass*>(p.partials + p.splits * of_split * p.head_dim);
    return {p.partials + at * p.head_dim, masses + at};
}
