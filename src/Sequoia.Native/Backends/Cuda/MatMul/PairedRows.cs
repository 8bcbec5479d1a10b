namespace Sequoia.Native.Backends.Cuda;

/// <summary>A row of one of the model's matrices.</summary>
/// <param name="Part">The matrix: gate or up; queries, keys or values. -1 for padding.</param>
/// <param name="Row">The row of the matrix.</param>
internal readonly record struct SourceRow(int Part, int Row)
{
    public static SourceRow Padding => new(-1, 0);
}

/// <summary>
/// The order of rows in stored matrices whose outputs are used in pairs: tiles of 16, the first rows of 8 pairs and then their second rows, so
/// that a thread of a tensor-core product holds both. Pairs are padded to a multiple of 8.
/// </summary>
internal static class PairedRows
{
    private const int PairsOfTile = 8;

    /// <summary>The number of stored rows of this many pairs.</summary>
    public static int Stored(int pairs) => (pairs + PairsOfTile - 1) / PairsOfTile * 2 * PairsOfTile;

    /// <summary>A pair is a unit's gate (part 0) and its up projection (part 1).</summary>
    /// <param name="stored">The stored row.</param>
    /// <param name="units">Hidden units.</param>
    public static SourceRow GateUp(int stored, int units)
    {
        (int pair, int member) = PairOf(stored);
        return pair < units ? new SourceRow(member, pair) : SourceRow.Padding;
    }

    /// <summary>A pair is dimensions d and d + D/2 of a head; heads of queries (part 0), keys (1), values (2).</summary>
    /// <param name="stored">The stored row.</param>
    /// <param name="heads">Heads of queries.</param>
    /// <param name="kvHeads">Heads of keys, and of values.</param>
    /// <param name="headDim">Dimensions of a head.</param>
    public static SourceRow Qkv(int stored, int heads, int kvHeads, int headDim)
    {
        (int pair, int member) = PairOf(stored);
        (int head, int dimension) = Math.DivRem(pair, headDim / 2);
        dimension += member * (headDim / 2);
        if (head < heads)
            return new SourceRow(0, (head * headDim) + dimension);
        head -= heads;
        return head < 2 * kvHeads ? new SourceRow(1 + (head / kvHeads), (head % kvHeads * headDim) + dimension) : SourceRow.Padding;
    }

    private static (int Pair, int Member) PairOf(int stored)
    {
        (int tile, int within) = Math.DivRem(stored, 2 * PairsOfTile);
        return ((tile * PairsOfTile) + (within % PairsOfTile), within / PairsOfTile);
    }
}
