// How rows lie that matrices are multiplied by: in blocks of 64 columns; first the first 64 columns of all rows, then the next 64. In a block a row
// is 128 bytes, and its chunks of 16 bytes are swizzled as shared memory needs them, so any 8, 16, 24 ... rows from a multiple of 8 on are one piece
// of memory that matmul.cu copies as it is.
//
// Rows are padded to whole tiles of matmul.cu, and may hold anything there. Columns are padded to whole blocks with 0. (OperandBlocks.cs)
#pragma once
#include "elements.cuh"
#include "swizzle.cuh"

constexpr i32 BLOCK_COLUMNS = 64;
constexpr i32 BLOCK_ROW_BYTES = 2 * BLOCK_COLUMNS;

// Elements in 16 bytes.
constexpr i32 CHUNK = 8;

__device__ inline i32 column_blocks(i32 columns) { return (columns + BLOCK_COLUMNS - 1) / BLOCK_COLUMNS; }

// The index of an element. rows: of all that lie together, with padding.
__device__ inline size_t operand_at(i32 row, i32 column, i32 rows)
{
    size_t block = (size_t)(column / BLOCK_COLUMNS) * rows * BLOCK_COLUMNS;
    return block + swizzled<BLOCK_ROW_BYTES>(row, column % BLOCK_COLUMNS / CHUNK) / sizeof(ELEMENT) + column % CHUNK;
}
