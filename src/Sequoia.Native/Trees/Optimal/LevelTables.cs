namespace Sequoia.Native.Trees;

/// <summary>G for 1, 2, ... levels, if one row of acceptance applies at every depth: trees of d levels have subtrees of d - 1.</summary>
internal static class LevelTables
{
    /// <summary>Ends when further levels change nothing.</summary>
    public static IEnumerable<ConcaveMajorant> Of(double[] row, int maxSize)
    {
        ConcaveMajorant latest = Lone(maxSize);
        yield return latest;
        var table = new SiblingTable(row, latest, maxSize);
        while (true)
        {
            table.Fill(maxSize);
            ConcaveMajorant deeper = table.Best();
            // Trees too small to use the further level stay the same, and so does everything built from them.
            int same = deeper.Values.CommonPrefixLength(latest.Values);
            if (same == deeper.Count)
                yield break;
            yield return deeper;
            table.Rebase(deeper, same);
            latest = deeper;
        }
    }

    /// <summary>G of a single level: the node itself, whatever the size allowed.</summary>
    public static ConcaveMajorant Lone(int maxSize)
    {
        var lone = new ConcaveMajorant(maxSize + 1);
        lone.Append(0);
        for (int n = 1; n <= maxSize; n++)
            lone.Append(1);
        return lone;
    }
}
