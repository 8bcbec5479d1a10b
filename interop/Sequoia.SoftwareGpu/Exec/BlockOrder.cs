namespace Sequoia.SoftwareGpu.Exec;

/// <summary>The order in which the blocks of a grid start.</summary>
internal static class BlockOrder
{
    /// <summary>Larger grids start in order even in random schedules, because the permutation would use too much memory.</summary>
    private const long MostShuffled = 1 << 22;

    /// <summary>Returns the next block's number at each call, and -1 after the last.</summary>
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

/// <summary>A small random number generator for schedules. The same seed gives the same schedule everywhere.</summary>
internal static class SplitMix
{
    public static ulong Next(ref ulong state)
    {
        state += 0x9E37_79B9_7F4A_7C15;
        ulong z = state;
        z = (z ^ (z >> 30)) * 0xBF58_476D_1CE4_E5B9;
        z = (z ^ (z >> 27)) * 0x94D0_49BB_1331_11EB;
        return z ^ (z >> 31);
    }
}
