using System.Runtime.CompilerServices;

namespace Sequoia.Native.Numerics;

/// <summary>
/// Normally distributed numbers in BF16, each determined by its seed and position. Sixteen random bits choose one of 65,536 quantiles from a table,
/// which is several times as fast as computing them, so that weights are written at the speed of a disk.
/// </summary>
internal sealed unsafe class NormalNumbers
{
    /// <summary>The numbers of a block.</summary>
    public const int Block = 1 << 16;

    private const int Quantiles = 1 << 16;

    private static readonly float[] s_upperQuantiles = UpperQuantiles();

    private readonly ushort[] _quantiles = new ushort[Quantiles];

    /// <param name="deviation">The standard deviation.</param>
    public NormalNumbers(float deviation)
    {
        for (int i = 0; i < Quantiles / 2; i++)
        {
            ushort quantile = Round(deviation * s_upperQuantiles[i]);
            (_quantiles[(Quantiles / 2) + i], _quantiles[(Quantiles / 2) - 1 - i]) = (quantile, (ushort)(quantile ^ 0x8000));
        }
    }

    /// <summary>The first numbers of a block.</summary>
    /// <param name="destination">An even number of them, at most <see cref="Block"/>.</param>
    /// <param name="seed">The seed.</param>
    /// <param name="block">The block's index.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    [SkipLocalsInit]
    public void Fill(Span<ushort> destination, ulong seed, uint block)
    {
        const int Piece = 1024;
        uint* random = stackalloc uint[Piece];
        fixed (ushort* quantiles = _quantiles, numbers = destination)
        {
            for (int at = 0; at < destination.Length; at += 2 * Piece)
            {
                int pairs = Math.Min(Piece, (destination.Length - at) / 2);
                Philox.Fill(random, pairs, seed, block, (uint)at, 0);
                ushort* next = numbers + at;
                for (int i = 0; i < pairs; i++)
                {
                    next[2 * i] = quantiles[(ushort)random[i]];
                    next[(2 * i) + 1] = quantiles[random[i] >> 16];
                }
            }
        }
    }

    // The middles of the upper 32,768 of 65,536 equally likely intervals. The quantile q of the probability p has the derivative sqrt(2 pi) exp(q^2 / 2),
    // which is integrated from the median on (Runge and Kutta, fourth order).
    private static float[] UpperQuantiles()
    {
        float[] quantiles = new float[Quantiles / 2];
        double q = 0, step = 0.5 / Quantiles;
        for (int i = 0; i < quantiles.Length; i++)
        {
            for (int part = i == 0 ? 1 : 0; part < 2; part++)
            {
                double k1 = step * Slope(q), k2 = step * Slope(q + (k1 / 2)), k3 = step * Slope(q + (k2 / 2)), k4 = step * Slope(q + k3);
                q += (k1 + (2 * k2) + (2 * k3) + k4) / 6;
            }
            quantiles[i] = (float)q;
        }
        return quantiles;

        static double Slope(double q) => Math.Sqrt(2 * Math.PI) * Math.Exp(q * q / 2);
    }

    private static ushort Round(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }
}
