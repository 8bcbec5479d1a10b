// What the kernels of attention share: their parameters, and which keys of a row are where.
#pragma once
#include "operands.cuh"
#include "pass.cuh"

// Neighbouring rows of the pass, of one sequence, that a block computes together.
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
    ELEMENT* output;        // [output_rows][heads x head_dim] as operands (operands.cuh)
    float* partials;        // workspace (attend_partials.cuh); the scalar twin needs none of these two
    u32* arrived;           // [count][kv_heads], 0 before and after each launch
    Pass pass;
    const RowTile* tiles; // of the launch; the scalar twin needs none
    i32 tile_count;
    i32 first_row; // the launch has the rows first_row .. first_row + count - 1 of the pass
    i32 count;
    i32 splits; // of the longest sequence's keys: what the workspace has room for
    i32 heads;
    i32 kv_heads;
    i32 group; // heads / kv_heads, which share a key and value head
    i32 capacity;
    i32 head_dim;
    i32 query_stride;
    i32 output_rows;
    float scale; // of the scores; positive
};

// Keys that tensor cores compute with at once. Tiles begin at multiples of it, whatever the row.
constexpr i32 TILE_KEYS = 64;

// Keys of a split: tiles whose sums merge before they meet those of other splits. A row's order of sums is fixed.
constexpr i32 SPLIT_KEYS = 256;
constexpr i32 SPLIT_TILES = SPLIT_KEYS / TILE_KEYS;

// Keys of one mma's depth, which is a page of the cache.
constexpr i32 SLAB_KEYS = PAGE;

// Heads that share a key and value head.
constexpr i32 MOST_GROUP = 16;

// Where a row's keys 0 .. position are: the first `prefix` in the order of the sequence's pages, where all rows of a tile find them; the others
// on the row's path in its tree, at most two tiles of them, since a tree has at most 64 levels.
struct RowKeys
{
    u32 position; // unsigned, as what is divided by tiles and splits
    u32 prefix;

    // The first tile of the tree's keys, and how many there are.
    __device__ u32 first_tree_tile() const { return prefix / TILE_KEYS; }

    __device__ u32 tree_tiles() const { return position < prefix ? 0 : position / TILE_KEYS + 1 - first_tree_tile(); }
};

// Tiles that only some rows of a tree share are the tree's.
__device__ inline RowKeys keys_of(const Pass& pass, i32 row)
{
    PassRow place = load_row(pass, row);
    const PassPart& part = pass.parts[place.part];
    u32 position = place.position, all = position + 1, committed = part.sequence->committed;
    return {position, part.is_tree ? min(committed / TILE_KEYS * TILE_KEYS, all) : all};
}

// Splits that hold a number of keys.
__device__ inline u32 splits_of(u32 keys) { return (keys + SPLIT_KEYS - 1) / SPLIT_KEYS; }
