namespace Sequoia.SoftwareGpu.Tests;

/// <summary>A decode step of a Llama as plain kernels: one token, fp32.</summary>
internal static class LlamaKernels
{
    public const string Source = """
        __device__ float warpSum(float v) { for (int o = 16; o > 0; o >>= 1) v += __shfl_xor_sync(~0u, v, o); return v; }

        extern "C" __global__ void embed(const float* table, const int* token, float* x, int dim)
        {
            int i = blockIdx.x * blockDim.x + threadIdx.x;
            if (i < dim) x[i] = table[*token * dim + i];
        }

        extern "C" __global__ void rmsnorm(const float* x, const float* w, float* y, int dim)
        {
            __shared__ float part[32];
            float s = 0;
            for (int i = threadIdx.x; i < dim; i += blockDim.x) s += x[i] * x[i];
            s = warpSum(s);
            if ((threadIdx.x & 31) == 0) part[threadIdx.x >> 5] = s;
            __syncthreads();
            s = 0;
            for (int k = 0; k < blockDim.x / 32; k++) s += part[k];
            float r = rsqrtf(s / dim + 1e-5f);
            for (int i = threadIdx.x; i < dim; i += blockDim.x) y[i] = x[i] * r * w[i];
        }

        // One warp a row; add says whether the product is added to y.
        extern "C" __global__ void gemv(const float* __restrict__ w, const float* __restrict__ x, float* y, int rows, int columns, int add)
        {
            int row = (blockIdx.x * blockDim.x + threadIdx.x) / 32, lane = threadIdx.x & 31;
            if (row >= rows) return;
            float s = 0;
            for (int c = lane; c < columns; c += 32) s += w[row * columns + c] * x[c];
            s = warpSum(s);
            if (lane == 0) y[row] = add ? y[row] + s : s;
        }

        // Rotates q and k, and stores k and v in the cache at this position.
        extern "C" __global__ void rope(float* q, const float* k, const float* v, float* keys, float* values, int position, int dim, int kvDim, int headDim)
        {
            int i = 2 * threadIdx.x;
            float angle = position * powf(10000.0f, -(float)(i % headDim) / headDim);
            float s = sinf(angle), c = cosf(angle);
            if (i < dim) { float a = q[i], b = q[i + 1]; q[i] = a * c - b * s; q[i + 1] = a * s + b * c; }
            if (i < kvDim)
            {
                float a = k[i], b = k[i + 1];
                keys[position * kvDim + i] = a * c - b * s; keys[position * kvDim + i + 1] = a * s + b * c;
                values[position * kvDim + i] = v[i]; values[position * kvDim + i + 1] = v[i + 1];
            }
        }

        // One block a head.
        extern "C" __global__ void attention(const float* q, const float* keys, const float* values, float* out, int length, int kvDim, int headDim, int group)
        {
            extern __shared__ float scores[];
            int head = blockIdx.x, kv = head / group, lane = threadIdx.x;
            float m = -3.4e38f;
            for (int t = lane; t < length; t += 32)
            {
                float s = 0;
                for (int d = 0; d < headDim; d++) s += q[head * headDim + d] * keys[t * kvDim + kv * headDim + d];
                s *= rsqrtf((float)headDim);
                scores[t] = s;
                m = fmaxf(m, s);
            }
            for (int o = 16; o > 0; o >>= 1) m = fmaxf(m, __shfl_xor_sync(~0u, m, o));
            float sum = 0;
            for (int t = lane; t < length; t += 32) { float e = expf(scores[t] - m); scores[t] = e; sum += e; }
            sum = warpSum(sum);
            __syncwarp();
            if (lane < headDim)
            {
                float a = 0;
                for (int t = 0; t < length; t++) a += scores[t] * values[t * kvDim + kv * headDim + lane];
                out[head * headDim + lane] = a / sum;
            }
        }

        extern "C" __global__ void swiglu(float* gate, const float* up, int n)
        {
            int i = blockIdx.x * blockDim.x + threadIdx.x;
            if (i < n) gate[i] = gate[i] / (1.0f + expf(-gate[i])) * up[i];
        }

        extern "C" __global__ void argmax(const float* logits, int* token, int n)
        {
            float best = -3.4e38f; int at = 0;
            for (int i = threadIdx.x; i < n; i += 32) if (logits[i] > best) { best = logits[i]; at = i; }
            for (int o = 16; o > 0; o >>= 1)
            {
                float b = __shfl_xor_sync(~0u, best, o); int a = __shfl_xor_sync(~0u, at, o);
                if (b > best || (b == best && a < at)) { best = b; at = a; }
            }
            if (threadIdx.x == 0) *token = at;
        }
        """;
}
