// A block's share of a row that several blocks have: tiles first, first + step, ... Step is a power of two, so the share's tiles are a subtree of
// the tree over all tiles, which thus adds up the same pairs whatever the number of blocks.
#pragma once
#include "tiled_sum.cuh"

constexpr i32 TILE_QUADS = TILE_TOKENS / 4;

struct Share
{
    i32 first, step;

    __device__ i32 tiles(i32 vocabulary) const { return (tiles_of(vocabulary) - first + step - 1) / step; }

    __device__ i32 tile(i32 index) const { return first + step * index; }

    // Those of the row's last tile may lie beyond the vocabulary.
    __device__ i32 quads(i32 vocabulary) const { return tiles(vocabulary) * TILE_QUADS; }

    __device__ i32 quad(i32 index) const { return tile(index / TILE_QUADS) * TILE_QUADS + index % TILE_QUADS; }
};

constexpr Share WHOLE_ROW = {0, 1};
