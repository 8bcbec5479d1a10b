namespace Sequoia.Native.Backends.Streaming;

/// <summary>
/// Makes plans. What is not needed otherwise holds resident chunks, since a byte of residence is a byte less to read in every pass; the ring is only as
/// large as reading ahead needs. Pure.
/// </summary>
internal static class PlacementPlanner
{
    /// <summary>Chunks of the usual ring: enough that reading goes on while a matrix is multiplied.</summary>
    private const int RingChunks = 16;

    /// <summary>The same if nothing may be resident and memory is left over: then reading goes on while the draft computes, too.</summary>
    private const int LargeRingChunks = 96;

    /// <summary>Chunks of the smallest ring: one is read while another is used.</summary>
    private const int LeastRingChunks = 2;

    /// <summary>Plans the memory of a model.</summary>
    /// <param name="chunks">The bytes of its chunks.</param>
    /// <param name="budget">The bytes that the process may hold.</param>
    /// <param name="needs">What it holds besides.</param>
    /// <param name="mode">Which chunks may be resident.</param>
    /// <param name="ringBytes">The bytes of the ring; null chooses.</param>
    /// <param name="option">The option that sets the budget, for errors.</param>
    /// <exception cref="InvalidInputException">The budget cannot work; the message has its parts, and what would.</exception>
    public static PlacementPlan Plan(ChunkOrder chunks, long budget, MemoryNeeds needs, StreamMode mode, long? ringBytes = null, string option = "memory")
    {
        long room = budget - needs.Total;
        if (mode != StreamMode.All && chunks.Bytes <= room)
            return new PlacementPlan(chunks, chunks.Count, 0, budget, needs);
        long least = Math.Min(chunks.Bytes, LeastRingChunks * chunks.Largest);
        if (room < least)
            throw TooSmall(option, budget, needs, least);
        long ring = Math.Max(least, ringBytes ?? Math.Min((mode == StreamMode.All ? LargeRingChunks : RingChunks) * chunks.Largest, room / 4));
        if (ring > room)
            throw TooSmall(option, budget, needs, ring);
        return new PlacementPlan(chunks, mode == StreamMode.All ? 0 : chunks.MostWithin(room - ring), ring, budget, needs);
    }

    private static InvalidInputException TooSmall(string option, long budget, MemoryNeeds needs, long ring)
    {
        // Rounded up, so that the advice works.
        long enough = needs.Total + ring;
        long step = enough < 1_000_000_000 ? 10_000_000 : 100_000_000;
        return new InvalidInputException(
            $"{option}: {MemoryBudget.Text(budget)} are too few, in GB: {needs.Parts(ring)}; allow {MemoryBudget.Text((enough + step - 1) / step * step)}, or use a smaller tree, draft or context")
        {
            Parameter = option,
        };
    }
}
