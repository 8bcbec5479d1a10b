using System.Runtime.CompilerServices;

namespace Sequoia.Native.Numerics;

/// <summary>Normally distributed numbers in BF16 (Box and Muller), each determined by its seed and position.</summary>
internal static unsafe class NormalNumbers
{
    /// <summary>The numbers of a block.</summary>
    public const int Block = 1 << 16;

    /// <summary>The first numbers of a block.</summary>
    /// <param name="destination">An even number of them, at most <see cref="Block"/>.</param>
    /// <param name="seed">The seed.</param>
    /// <param name="block">The block's index.</param>
    /// <param name="deviation">The standard deviation.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Fill(Span<ushort> destination, ulong seed, uint block, float deviation)
    {
        uint[] random = new uint[Block];
        fixed (uint* uniform = random)
            Philox.Fill(uniform, destination.Length, seed, block, 0, 0);
        for (int i = 0; i < destination.Length; i += 2)
        {
            float radius = deviation * MathF.Sqrt(-2 * MathF.Log((random[i] + 0.5f) / 4294967296f));
            (float sin, float cos) = MathF.SinCos(random[i + 1] * (2 * MathF.PI / 4294967296f));
            (destination[i], destination[i + 1]) = (Round(radius * cos), Round(radius * sin));
        }
    }

    private static ushort Round(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }
}
