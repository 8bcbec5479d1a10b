namespace Sequoia.SoftwareGpu.Tests;

/// <summary>CUDA sources of ordinary kernels; header-free, as NVRTC compiles them.</summary>
internal static class BasicKernels
{
    public const string VectorAdd = """
        extern "C" __global__ void add(const float* a, const float* b, float* c, int n)
        {
            int i = blockIdx.x * blockDim.x + threadIdx.x;
            if (i < n) c[i] = a[i] + b[i];
        }
        """;

    /// <summary>One block a row: shuffles inside warps, shared memory between them.</summary>
    public const string Softmax = """
        __device__ float warpMax(float v)
        {
            for (int o = 16; o > 0; o >>= 1) v = fmaxf(v, __shfl_xor_sync(0xffffffffu, v, o));
            return v;
        }
        __device__ float warpSum(float v)
        {
            for (int o = 16; o > 0; o >>= 1) v += __shfl_xor_sync(0xffffffffu, v, o);
            return v;
        }
        extern "C" __global__ void softmax(const float* __restrict__ x, float* __restrict__ y, int columns)
        {
            __shared__ float part[32];
            const float* row = x + (long long)blockIdx.x * columns;
            float* out = y + (long long)blockIdx.x * columns;
            int warp = threadIdx.x >> 5, lane = threadIdx.x & 31, warps = blockDim.x >> 5;
            float m = -3.4e38f;
            for (int c = threadIdx.x; c < columns; c += blockDim.x) m = fmaxf(m, row[c]);
            m = warpMax(m);
            if (lane == 0) part[warp] = m;
            __syncthreads();
            m = lane < warps ? part[lane] : -3.4e38f;
            m = warpMax(m);
            __syncthreads();
            float s = 0;
            for (int c = threadIdx.x; c < columns; c += blockDim.x) s += expf(row[c] - m);
            s = warpSum(s);
            if (lane == 0) part[warp] = s;
            __syncthreads();
            s = lane < warps ? part[lane] : 0.0f;
            s = warpSum(s);
            float r = 1.0f / s;
            for (int c = threadIdx.x; c < columns; c += blockDim.x) out[c] = expf(row[c] - m) * r;
        }
        """;

    /// <summary>64x64x16 tiles, 256 threads, 4x4 results each; C = A B, row-major, sizes multiples of the tile.</summary>
    public const string TiledGemm = """
        extern "C" __global__ void gemm(const float* __restrict__ a, const float* __restrict__ b, float* __restrict__ c, int m, int n, int k)
        {
            __shared__ __align__(16) float As[16][64];
            __shared__ __align__(16) float Bs[16][64];
            int t = threadIdx.x, tx = t % 16, ty = t / 16;
            int row0 = blockIdx.y * 64, col0 = blockIdx.x * 64;
            float acc[4][4] = {};
            for (int k0 = 0; k0 < k; k0 += 16)
            {
                int ar = t / 4, ak = (t % 4) * 4;
                float4 av = *(const float4*)(a + (long long)(row0 + ar) * k + k0 + ak);
                As[ak][ar] = av.x; As[ak + 1][ar] = av.y; As[ak + 2][ar] = av.z; As[ak + 3][ar] = av.w;
                *(float4*)&Bs[t / 16][tx * 4] = *(const float4*)(b + (long long)(k0 + t / 16) * n + col0 + tx * 4);
                __syncthreads();
                #pragma unroll
                for (int kk = 0; kk < 16; kk++)
                {
                    float4 x = *(float4*)&As[kk][ty * 4];
                    float4 y = *(float4*)&Bs[kk][tx * 4];
                    float xs[4] = {x.x, x.y, x.z, x.w}, ys[4] = {y.x, y.y, y.z, y.w};
                    #pragma unroll
                    for (int i = 0; i < 4; i++)
                        #pragma unroll
                        for (int j = 0; j < 4; j++) acc[i][j] += xs[i] * ys[j];
                }
                __syncthreads();
            }
            #pragma unroll
            for (int i = 0; i < 4; i++)
                *(float4*)(c + (long long)(row0 + ty * 4 + i) * n + col0 + tx * 4) = make_float4(acc[i][0], acc[i][1], acc[i][2], acc[i][3]);
        }
        """;
}
