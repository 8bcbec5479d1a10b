// The slow twin of sample_token.cu: one thread per row. Same inputs, same outputs, same bits.
//
// workspace [rows][workspace_stride]: vocabulary + scalar_sum_room, fp32
// Grid: ceil(rows / 32). Block: 32.
#include "row_law_scalar.cuh"
#include "sample_token.cuh"

struct SampleTokenScalar : SampleToken
{
    float* workspace;
    i32 workspace_stride;
    i32 rows;
};

extern "C" __global__ void sample_token_scalar(const __grid_constant__ SampleTokenScalar p)
{
    i32 row = blockIdx.x * blockDim.x + threadIdx.x, tok = -1;
    if (row >= p.rows)
        return;
    const float* logits = p.logits + (size_t)row * p.stride;
    float* weights = p.workspace + (size_t)row * p.workspace_stride;
    RowScale scale;
    if (p.law.temperature == 0.0f)
        tok = scalar_argmax(logits, p.vocabulary);
    else if (scalar_row_law(logits, p.vocabulary, p.law, weights, weights + p.vocabulary, scale))
        tok = scalar_race(weights, p.vocabulary, {p.seed, (u32)row, p.state->step, PLAIN_SAMPLE});
    p.tok_of_row[row] = tok < 0 ? 0 : tok;
    if (tok < 0)
        atomicOr(&p.state->errors, DAMAGED_TARGET_LOGITS);
}
