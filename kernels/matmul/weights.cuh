// How matrices lie on the device: in blocks of 128 rows by 64 columns, 16 KB each; first those of the first 128 rows, columns ascending. In a block
// a row is 128 bytes, and its chunks of 16 bytes are swizzled: the block is what matmul.cu needs in shared memory, copied as it is.
//
// Rows and columns are padded to whole blocks. Padding of columns is 0, that of rows may hold anything. (WeightBlocks.cs writes them.)
#pragma once
#include "elements.cuh"
#include "swizzle.cuh"

constexpr i32 BLOCK_ROWS = 128;
constexpr i32 BLOCK_COLUMNS = 64;
constexpr i32 BLOCK_ELEMENTS = BLOCK_ROWS * BLOCK_COLUMNS;

// Elements in 16 bytes.
constexpr i32 CHUNK = 8;

__device__ inline i32 column_blocks(i32 columns) { return (columns + BLOCK_COLUMNS - 1) / BLOCK_COLUMNS; }

// Where the chunk of a row that begins at a column is: the index of its first element.
__device__ inline size_t weight_at(i32 row, i32 column, i32 columns)
{
    size_t block = (size_t)(row / BLOCK_ROWS) * column_blocks(columns) + column / BLOCK_COLUMNS;
    return block * BLOCK_ELEMENTS + swizzled<2 * BLOCK_COLUMNS>(row % BLOCK_ROWS, column % BLOCK_COLUMNS / CHUNK) / 2;
}
