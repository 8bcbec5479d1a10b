// Independent tensor-core products of 16 x 8 x 16 halves with fp32 sums, four chains a warp: the rate of mma.
//
// sink: 1 float, as in l2_read. Any grid; block: any multiple of 32. FLOPs: 2 x 16 x 8 x 16 x 4 x rounds x warps. sm_80 and up.
extern "C" __global__ void mma_rate(float* sink, int rounds)
{
    unsigned a[4] = {threadIdx.x, 1, 2, 3}, b[2] = {threadIdx.x, 5};
    float sum[4][4] = {};
    for (int round = 0; round < rounds; round++) {
        #pragma unroll
        for (int chain = 0; chain < 4; chain++) {
            asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                         : "+f"(sum[chain][0]), "+f"(sum[chain][1]), "+f"(sum[chain][2]), "+f"(sum[chain][3])
                         : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
        }
    }
    float total = 0.0f;
    for (int chain = 0; chain < 4; chain++)
        total += sum[chain][0] + sum[chain][1] + sum[chain][2] + sum[chain][3];
    if (total == -1.0f)
        *sink = total;
}
