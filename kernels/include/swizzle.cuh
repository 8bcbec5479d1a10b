// Tiles in shared memory with rows of 64 elements of 16 bits: 128 bytes, all 32 banks.
#pragma once
#include "types.cuh"

// Elements of 16 bits in 16 bytes, and such chunks in a row.
constexpr i32 CHUNK = 8;
constexpr i32 ROW_CHUNKS = 8;

// The byte in the tile at which a chunk of a row lies. Exchanging chunks by the row's low bits puts one chunk of eight neighbouring
// rows into eight different groups of banks, and the eight chunks of a row as well: neither ldmatrix nor cp.async meets a conflict.
__device__ inline u32 swizzled(i32 row, i32 chunk) { return (u32)(row * ROW_CHUNKS + (chunk ^ (row % ROW_CHUNKS))) * 16u; }
