// What the kernels of attention share: their parameters, and which keys of a row are summed where.
#pragma once
#include "elements.cuh"
#include "pass.cuh"

// Packed rows of one sequence that a block of attend_sealed computes: packed row r of a key and value head is head r % group of the pass's row
// r / group, where `group` heads share a key and value head.
struct RowTile
{
    i32 first;
    i32 rows;
};

struct Attend
{
    const ELEMENT* queries; // [rows][query_stride], the first heads x head_dim of a row
    const ELEMENT* keys;    // [kv_heads][capacity][head_dim], this layer's; capacity is a whole number of pages
    const ELEMENT* values;  // [kv_heads][capacity][head_dim]
    ELEMENT* output;        // [rows][output_stride], likewise
    float* partials;        // workspace (sealed_partials.cuh); the scalar twin needs none
    Pass pass;
    const RowTile* tiles; // of the launch; the scalar twin needs none
    i32 first_row;        // the launch has the rows first_row .. first_row + count - 1 of the pass
    i32 count;
    i32 splits; // that the workspace has room for: of the longest sequence's sealed keys
    i32 heads;
    i32 kv_heads;
    i32 capacity;
    i32 head_dim;
    i32 query_stride;
    i32 output_stride;
    float scale; // of the scores; positive
};

// Levels of the deepest tree: keys so far behind a row are committed, whatever the tree.
constexpr i32 MOST_LEVELS = 64;

// Sealed keys are counted in steps of one mma's depth, which is a page of the cache.
constexpr i32 SLAB_KEYS = PAGE;

// Keys 0 .. sealed_keys(position) - 1 of a row are sealed: tensor cores sum them. The others are its tail. A function of the row's
// position alone, so that a row's bits do not depend on where the prefix ends.
__device__ inline i32 sealed_keys(i32 position) { return max(0, position - MOST_LEVELS) / SLAB_KEYS * SLAB_KEYS; }

constexpr i32 MOST_TAIL_KEYS = MOST_LEVELS + SLAB_KEYS;

// Heads that share a key and value head.
constexpr i32 MOST_GROUP = 16;
