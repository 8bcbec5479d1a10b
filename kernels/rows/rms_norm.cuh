// What rms_norm.cu and its twin share.
#pragma once
#include "operands.cuh"

struct RmsNorm
{
    const float* x;      // [rows][x_stride], rows at multiples of 16 bytes
    const float* weight; // [columns], at a multiple of 16 bytes
    ELEMENT* y;          // [y_rows][columns] as operands (operands.cuh)
    i32 columns;
    i32 x_stride;
    i32 y_rows;
    float epsilon;
};

__device__ inline float scale_of(float squares, const RmsNorm& p) { return 1.0f / sqrtf(squares / (float)p.columns + p.epsilon); }
