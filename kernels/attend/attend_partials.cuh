// The workspace where a row's sums meet, and their merge by whoever brings the last of them.
//
//   [splits + 2][count][heads][head_dim] float   sum of weight x value: of each split of the prefix, then of the tree's two tiles
//   [splits + 2][count][heads] Mass              behind all of these
//
// Only what a row has keys for is written and read. Sums merge in the order of keys, whoever merges them: tiles into their split, splits into the row.
#pragma once
#include "arrival.cuh"
#include "attend_block.cuh"
#include "softmax_state.cuh"

constexpr i32 MOST_TREE_TILES = 2;

struct Partial
{
    float* sums;
    Mass* mass;
};

// part: a split of the prefix, or p.splits + a tile of the tree.
__device__ inline Partial partial_of(const Attend& p, i32 part, i32 row, i32 head)
{
    u64 of_part = (u64)p.count * p.heads, at = part * of_part + (u64)(row - p.first_row) * p.heads + head;
    Mass* masses = reinterpret_cast<Mass*>(p.partials + (p.splits + MOST_TREE_TILES) * of_part * HEAD_DIM);
    return {p.partials + at * HEAD_DIM, masses + at};
}

// Counts one of the row's partial sums, written before by this thread or, with a barrier in between, by others of its block. True for the last: it
// may read all.
__device__ inline bool arrives_last(const Attend& p, const RowKeys& keys, i32 row, i32 kv_head)
{
    i32 parts = splits_of(keys.prefix) + keys.tree_tiles();
    return arrives_last(p.arrived + (row - p.first_row) * p.kv_heads + kv_head, parts);
}

// Four dimensions of a row's sum.
struct QuadSum
{
    Mass mass = no_mass();
    float4 sum = {};

    __device__ void take(Mass part, float4 of_part)
    {
        Merge factors = merge(mass, part);
        sum = {merged(sum.x, of_part.x, factors), merged(sum.y, of_part.y, factors), merged(sum.z, of_part.z, factors), merged(sum.w, of_part.w, factors)};
    }

    __device__ void take(const Partial& part) { take(*part.mass, *reinterpret_cast<const float4*>(part.sums)); }

    // What adds nothing may have turned the sign of a zero; + 0 makes all zeros equal bits.
    __device__ float4 divided() const { return {sum.x / mass.sum + 0.0f, sum.y / mass.sum + 0.0f, sum.z / mass.sum + 0.0f, sum.w / mass.sum + 0.0f}; }
};

// A warp merges a row's sums of the heads that share a key and value head, divides and writes.
__device__ inline void merge_row(const Attend& p, const RowKeys& keys, i32 row, i32 kv_head)
{
    i32 group = p.group, whole_splits = keys.prefix / SPLIT_KEYS, last_tree_tile = keys.first_tree_tile() + keys.tree_tiles();
    for (i32 item = threadIdx.x % LANES; item < group * (HEAD_DIM / 4); item += LANES)
    {
        i32 head = kv_head * group + item / (HEAD_DIM / 4), d = item % (HEAD_DIM / 4) * 4;
        QuadSum row_sum, split_sum;
        // partial_of() of each part, by steps.
        Partial first = partial_of(p, 0, row, head);
        u64 step = (u64)p.count * p.heads;
        auto part = [&](i32 i) { return Partial{first.sums + i * step * HEAD_DIM + d, first.mass + i * step}; };
        // Several splits' sums are under way at once.
#pragma unroll 4
        for (i32 split = 0; split < whole_splits; split++)
            row_sum.take(part(split));
        if (keys.prefix % SPLIT_KEYS != 0)
            split_sum.take(part(whole_splits));
        for (i32 tile = keys.first_tree_tile(); tile < last_tree_tile; tile++)
        {
            if (tile % SPLIT_TILES == 0)
            {
                row_sum.take(split_sum.mass, split_sum.sum);
                split_sum = {};
            }
            split_sum.take(part(p.splits + tile - keys.first_tree_tile()));
        }
        row_sum.take(split_sum.mass, split_sum.sum);
        float4 y = row_sum.divided();
        *reinterpret_cast<uint2*>(p.output + operand_at(row, head * HEAD_DIM + d, p.output_rows)) = {packed<ELEMENT>(y.x, y.y), packed<ELEMENT>(y.z, y.w)};
    }
}
