namespace Sequoia.SoftwareGpu.Exec;

/// <summary>In which order the blocks of a grid begin.</summary>
internal static class BlockOrder
{
    /// <summary>Grids beyond this begin in order even in random schedules: the permutation would take too much memory.</summary>
    private const long MostShuffled = 1 << 22;

    /// <summary>Gives the next block's number at each call, and -1 after the last.</summary>
    public static Func<long> For(Launch launch)
    {
        long next = 0, count = launch.Blocks;
        if (launch.Options.Schedule == Schedule.InOrder || count > MostShuffled)
            return () => next < count ? next++ : -1;
        int[] order = new int[count];
        for (int k = 0; k < order.Length; k++)
            order[k] = k;
        ulong random = launch.Options.Seed ^ 0x5851_F42D_4C95_7F2D;
        for (int k = order.Length - 1; k > 0; k--)
        {
            int other = (int)(SplitMix.Next(ref random) % (ulong)(k + 1));
            (order[k], order[other]) = (order[other], order[k]);
        }

        return () => next < count ? order[next++] : -1;
    }
}
