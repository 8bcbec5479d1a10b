namespace Sequoia.Native.Trees;

/// <summary>G for 1, 2, ... levels, where one row of acceptance holds at every depth: trees of d levels have subtrees of d - 1.</summary>
internal static class LevelTables
{
    /// <summary>Ends where further levels change nothing.</summary>
    public static IEnumerable<ConcaveMajorant> Of(double[] row, int maxSize)
    {
        ConcaveMajorant latest = Lone(maxSize);
        yield return latest;
        var table = new SiblingTable(row, latest, maxSize);
        while (true)
        {
            table.Fill(maxSize);
            ConcaveMajorant deeper = table.Best();
            // Trees that are too small to want the further level stay the same, and so does all that is made of them.
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
