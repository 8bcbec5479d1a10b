// RMSNorm, y = x w / sqrt(mean(x^2) + epsilon), which no kernel computes by itself. Who writes rows of the residual stream (embed, matmul_add) also
// writes x w s, rounded, which is the next product's operand, and sums of squares; that product divides its sums by s sqrt(mean(x^2) + epsilon).
//
// s is a power of two, so it rounds nothing. It keeps operands in the range of F16, however large or small the stream is: with it, the row's root mean
// square at the norm before would be 2^-6 to 2^-5. So x w may be 2^21 times that, and is precise down to 2^-8 of it. Whoever uses s finds it by
// mean_square(), in its order of sums: another order may round to another power of two.
#pragma once
#include "block_sum.cuh"

// Columns of a sum of squares. Sums are added up in a fixed order, so a row's bits do not depend on who adds.
constexpr i32 NORM_COLUMNS = 128;

struct Norm
{
    float* before;  // [rows][norm_parts]: sums of squares of the stream at the norm before, which decide s; at the first norm, its own
    float* squares; // [rows][norm_parts]: at this norm
    float epsilon;
};

__device__ inline i32 norm_parts(i32 columns) { return (columns + NORM_COLUMNS - 1) / NORM_COLUMNS; }

// mean(x^2) + epsilon of a row, by a warp. All lanes get it.
__device__ inline float mean_square(const float* squares, i32 row, i32 columns, float epsilon)
{
    i32 parts = norm_parts(columns);
    float sum = 0.0f;
    for (i32 part = threadIdx.x % LANES; part < parts; part += LANES)
        sum += squares[(size_t)row * parts + part];
    return warp_sum(sum) / (float)columns + epsilon;
}

// s, of the mean square at the norm before.
__device__ inline float operand_scale(float mean_square)
{
    i32 exponent_of_root = ((i32)(__float_as_uint(mean_square) >> 23) - 127) >> 1;
    return __uint_as_float((u32)(127 - 6 - exponent_of_root) << 23);
}

// What a product of a row's operands is multiplied by. A warp finds it.
__device__ inline float operand_factor(const Norm& norm, i32 row, i32 columns)
{
    float scale = operand_scale(mean_square(norm.before, row, columns, norm.epsilon));
    return 1.0f / (scale * sqrtf(mean_square(norm.squares, row, columns, norm.epsilon)));
}
