// Reads the same count float4 rounds times: the bandwidth of the L2 cache when they fit into it but not into the L1 caches.
//
// x: count float4; sink: 1 float, written only if the sum is a number that it cannot be, so that the reads are not optimised away.
// Any grid; block: any multiple of 32. Bytes read: 16 x count x rounds.
extern "C" __global__ void l2_read(const float4* x, float* sink, int count, int rounds)
{
    float sum = 0.0f;
    for (int round = 0; round < rounds; round++) {
        for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < count; i += gridDim.x * blockDim.x) {
            float4 value;
            // .cg: not through L1.
            asm volatile("ld.global.cg.v4.f32 {%0, %1, %2, %3}, [%4];"
                         : "=f"(value.x), "=f"(value.y), "=f"(value.z), "=f"(value.w) : "l"(x + i));
            sum += value.x + value.y + value.z + value.w;
        }
    }
    if (sum == -1.0f)
        *sink = sum;
}
