// Reads shared memory without bank conflicts, 16 bytes a lane: its bandwidth.
//
// sink: 1 float, as in l2_read. Any grid; block: 256. Bytes read: 16 x rounds x 4 x threads.
extern "C" __global__ void shared_read(float* sink, int rounds)
{
    __shared__ float4 tile[1024];
    for (int i = threadIdx.x; i < 1024; i += blockDim.x)
        tile[i] = make_float4(1.0f, 2.0f, 3.0f, 4.0f);
    __syncthreads();
    unsigned base = (unsigned)__cvta_generic_to_shared(tile);
    float sum = 0.0f;
    for (int round = 0; round < rounds; round++) {
        #pragma unroll
        for (int part = 0; part < 4; part++) {
            float4 value;
            // volatile: each round reads anew.
            asm volatile("ld.shared.v4.f32 {%0, %1, %2, %3}, [%4];"
                         : "=f"(value.x), "=f"(value.y), "=f"(value.z), "=f"(value.w)
                         : "r"(base + 16 * ((threadIdx.x + 256 * part) & 1023)));
            sum += value.x + value.y + value.z + value.w;
        }
    }
    if (sum == -1.0f)
        *sink = sum;
}
