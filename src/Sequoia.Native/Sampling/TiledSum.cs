using System.Runtime.CompilerServices;

namespace Sequoia.Native.Sampling;

/// <summary>
/// The sum over a vocabulary row in the one order that every device uses: tiles of 64 tokens, sequential within a tile, then a
/// halving tree over the tiles (zero-padded to a power of two).
/// </summary>
internal static unsafe class TiledSum
{
    public const int TileSize = 64;

    /// <param name="x">Zero-padded to whole tiles.</param>
    /// <param name="padded">A multiple of <see cref="TileSize"/>.</param>
    /// <param name="tiles">Scratch for at least <see cref="Scratch"/> floats.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Of(float* x, int padded, float* tiles)
    {
        int count = padded / TileSize, tree = Scratch(padded), tile = 0;
        // Eight tiles at a time: eight independent chains of additions hide each other's latency.
        for (; tile <= count - 8; tile += 8)
        {
            float* p = x + (tile * TileSize);
            float s0 = 0, s1 = 0, s2 = 0, s3 = 0, s4 = 0, s5 = 0, s6 = 0, s7 = 0;
            for (int i = 0; i < TileSize; i++, p++)
            {
                s0 += p[0];
                s1 += p[TileSize];
                s2 += p[2 * TileSize];
                s3 += p[3 * TileSize];
                s4 += p[4 * TileSize];
                s5 += p[5 * TileSize];
                s6 += p[6 * TileSize];
                s7 += p[7 * TileSize];
            }
            (tiles[tile], tiles[tile + 1], tiles[tile + 2], tiles[tile + 3]) = (s0, s1, s2, s3);
            (tiles[tile + 4], tiles[tile + 5], tiles[tile + 6], tiles[tile + 7]) = (s4, s5, s6, s7);
        }
        for (; tile < count; tile++)
        {
            float sum = 0;
            for (int i = 0; i < TileSize; i++)
                sum += x[(tile * TileSize) + i];
            tiles[tile] = sum;
        }
        for (; tile < tree; tile++)
            tiles[tile] = 0;
        for (int half = tree / 2; half > 0; half /= 2)
        {
            for (int i = 0; i < half; i++)
                tiles[i] += tiles[i + half];
        }
        return tiles[0];
    }

    public static int Scratch(int padded) => (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)(padded / TileSize));
}
