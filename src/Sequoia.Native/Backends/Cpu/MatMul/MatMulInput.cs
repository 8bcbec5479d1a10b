using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sequoia.Native.Backends.Cpu;

/// <summary>
/// For bfloat16 weights a chunk of the input holds its sixteen even elements, then its sixteen odd ones: two neighbouring
/// weights share a 32-bit word, and splitting by parity widens them with one shift or mask.
/// </summary>
internal static unsafe class MatMulInput
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void SplitByParity(float* source, float* destination, long paddedColumns)
    {
        for (long chunk = 0; chunk < paddedColumns; chunk += Chunks.Size)
        {
            if (Avx512F.IsSupported)
            {
                Vector512<float> a = Vector512.Load(source + chunk), b = Vector512.Load(source + chunk + 16);
                Avx512F.PermuteVar16x32x2(a, Vector512.Create(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30), b).Store(destination + chunk);
                Avx512F.PermuteVar16x32x2(a, Vector512.Create(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31), b).Store(destination + chunk + 16);
                continue;
            }
            for (int i = 0; i < 16; i++)
            {
                destination[chunk + i] = source[chunk + (2 * i)];
                destination[chunk + 16 + i] = source[chunk + (2 * i) + 1];
            }
        }
    }
}

/// <summary>The unit in which CPU kernels step along a row: 32 elements, two vectors of sixteen lanes.</summary>
internal static class Chunks
{
    public const int Size = 32;

    public static int RoundUp(int elements) => (elements + Size - 1) / Size * Size;
}
