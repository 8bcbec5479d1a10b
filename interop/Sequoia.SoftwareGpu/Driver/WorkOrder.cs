using Sequoia.SoftwareGpu.Exec;

namespace Sequoia.SoftwareGpu.Driver;

/// <summary>Picks the next of several pieces of work that nothing orders.</summary>
internal static class WorkOrder
{
    /// <param name="ready">The work, with numbers in the order of the calls.</param>
    /// <param name="order">How to pick.</param>
    /// <param name="random">The state of the random numbers.</param>
    /// <returns>The index of the pick.</returns>
    public static int Pick(IReadOnlyList<(long Number, Work Work)> ready, StreamOrder order, ref ulong random)
    {
        if (order == StreamOrder.Random)
            return (int)(SplitMix.Next(ref random) % (ulong)ready.Count);
        int best = 0;
        for (int i = 1; i < ready.Count; i++)
        {
            if ((Rank(ready[i].Work, order), ready[i].Number).CompareTo((Rank(ready[best].Work, order), ready[best].Number)) < 0)
                best = i;
        }
        return best;
    }

    // Events take no time, and copies may depend on them.
    private static int Rank(Work work, StreamOrder order) => work switch
    {
        RecordWork or WaitWork => 0,
        _ when order == StreamOrder.AsQueued => 1,
        _ => work.IsCopy == (order == StreamOrder.EarlyCopies) ? 1 : 2,
    };
}
