// Reads count float4 once, four loads of a thread in flight: the bandwidth of reading memory when x is far larger than the L2 cache. Products with
// few rows only read, so their weights' time is compared with this and not with a copy's.
//
// x: count float4; sink: 1 float, as in l2_read. Any grid; block: any multiple of 32. Bytes read: 16 x count.
extern "C" __global__ void read(const float4* __restrict__ x, float* sink, int count)
{
    float sum = 0.0f;
    int threads = gridDim.x * blockDim.x;
    #pragma unroll 4
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < count; i += threads) {
        float4 value = __ldcs(x + i);
        sum += value.x + value.y + value.z + value.w;
    }
    if (sum == -1.0f)
        *sink = sum;
}
