using Sequoia.Interop;
using Sequoia.Native;
using Sequoia.Native.Backends.Cuda;
using Sequoia.Native.Numerics;
using Sequoia.Native.Sampling;

namespace Sequoia.Kernels.Tests;

/// <summary>The prelude's exponential, logarithms and random numbers against the host's, bit for bit.</summary>
internal static class ArithmeticCheck
{
    private const int Count = 1 << 16;

    private const string Source = """
        #include "philox.cuh"
        extern "C" __global__ void probe(const float* x, const u32* r, float* results, uint4* blocks)
        {
            i32 i = blockIdx.x * blockDim.x + threadIdx.x, count = gridDim.x * blockDim.x;
            results[i] = exact_exp(-x[i]);
            results[count + i] = exact_log(x[i]);
            results[2 * count + i] = uniform_of(r[i]);
            results[3 * count + i] = negative_log1m(uniform_of(r[i]));
            results[4 * count + i] = accept_coin(0x123456789ABCDEFull * r[i], r[i], i, i / 7);
            blocks[i] = philox(0xFEDCBA9876543210ull * r[i], make_uint4(i, r[i], 7, 1));
        }
        """;

    public static void Run(Mutation? mutation = null)
    {
        CudaContext gpu = TestGpu.Context;
        CompileOptions options = CudaKernels.Options("probe", (mutation?.Set ?? KernelSet.Default).SourceHeaders, new Dictionary<string, string?>());
        using CudaModule module = gpu.Load(TestGpu.Compiler.Compile(Source, options with { Architecture = "compute_75", Kernels = ["probe"] }));
        (float[] x, uint[] r) = Inputs();
        using DeviceBuffer<float> inputs = gpu.Upload<float>(x), results = gpu.Allocate<float>(5 * Count);
        using DeviceBuffer<uint> numbers = gpu.Upload<uint>(r), blocks = gpu.Allocate<uint>(4 * Count);
        module["probe"].Launch(Count / 256, 256, inputs, numbers, results, blocks);
        float[] found = results.ToArray();
        uint[] block = blocks.ToArray();
        for (int i = 0; i < Count; i++)
        {
            float u = MathF.Min(MathF.FusedMultiplyAdd(r[i], 1f / 4294967296f, 0.5f / 4294967296f), 1 - (1f / 16777216));
            Same("exp", found[i], ExactMath.Exp(Lanes(-x[i]))[0]);
            Same("log", found[Count + i], ExactMath.Log(Lanes(x[i]))[0]);
            Same("uniform", found[(2 * Count) + i], u);
            Same("-log(1 - u)", found[(3 * Count) + i], ExactMath.NegativeLog1m(Lanes(u))[0]);
            Same("coin", found[(4 * Count) + i], new RandomKey(0x123456789ABCDEFul * r[i], r[i]).Coin(i, i / 7));
            (uint, uint, uint, uint) expected = Philox.Block(0xFEDCBA9876543210ul * r[i], (uint)i, r[i], 7, 1);
            if ((block[4 * i], block[(4 * i) + 1], block[(4 * i) + 2], block[(4 * i) + 3]) != expected)
                throw new KernelFault($"philox of counter {i}");
        }
    }

    /// <summary>Positive normal numbers over the whole range with its ends, and random words with theirs.</summary>
    private static (float[] X, uint[] R) Inputs()
    {
        var random = new Random(1);
        float[] x = new float[Count];
        uint[] r = new uint[Count];
        for (int i = 0; i < Count; i++)
        {
            // Most of them where exponentials are not 0, and where logarithms change their branch.
            x[i] = (i % 3) switch { 0 => (float)(random.NextDouble() * 90), 1 => (float)(0.5 + random.NextDouble()), _ => BitConverter.Int32BitsToSingle(random.Next(0x00800000, 0x7F800000)) };
            r[i] = (uint)random.NextInt64(1L << 32) >> (i % 5 == 0 ? random.Next(32) : 0);
        }
        (x[0], x[1], x[2]) = (1, 87, BitConverter.Int32BitsToSingle(0x00800000));
        (r[0], r[1], r[2], r[3]) = (0, 1, uint.MaxValue, uint.MaxValue - 300);
        return (x, r);
    }

    private static LanesScalar Lanes(float value) => LanesScalar.Broadcast(value);

    private static void Same(string what, float found, float expected)
    {
        if (BitConverter.SingleToUInt32Bits(found) != BitConverter.SingleToUInt32Bits(expected))
            throw new KernelFault($"{what}: {found:R}, expected {expected:R}");
    }
}
