// How matrices lie on the device: each 128 rows as operands do (operands.cuh), so in blocks of 128 rows by 64 columns, 16 KB each, which matmul.cu
// needs in shared memory as they are. Rows of padding may hold anything. (WeightBlocks.cs writes them.)
#pragma once
#include "operands.cuh"

constexpr i32 BLOCK_ROWS = 128;
constexpr i32 BLOCK_ELEMENTS = BLOCK_ROWS * BLOCK_COLUMNS;

// The index of an element.
__device__ inline size_t weight_at(i32 row, i32 column, i32 columns)
{
    return (size_t)(row / BLOCK_ROWS) * column_blocks(columns) * BLOCK_ELEMENTS + operand_at(row % BLOCK_ROWS, column, BLOCK_ROWS);
}
