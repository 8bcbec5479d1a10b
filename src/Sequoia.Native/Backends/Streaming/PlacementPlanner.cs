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
    /// <param name="chunkBytes">The bytes of each chunk, in the order of use.</param>
    /// <param name="budget">The bytes that the process may hold.</param>
    /// <param name="needs">What it holds besides.</param>
    /// <param name="mode">Which chunks may be resident.</param>
    /// <param name="ringBytes">The bytes of the ring; null chooses.</param>
    /// <exception cref="InvalidInputException">The budget cannot work; the message has its parts, and what would.</exception>
    public static PlacementPlan Plan(IReadOnlyList<long> chunkBytes, long budget, MemoryNeeds needs, StreamMode mode, long? ringBytes = null)
    {
        long all = chunkBytes.Sum(), largest = chunkBytes.Count == 0 ? 0 : chunkBytes.Max(), room = budget - needs.Total;
        if (mode != StreamMode.All && all <= room)
            return Of(chunkBytes, chunkBytes.Count, 0, budget, needs);
        long least = Math.Min(all, LeastRingChunks * largest);
        if (room < least)
            throw TooSmall(budget, needs, least);
        long ring = Math.Max(least, ringBytes ?? Math.Min((mode == StreamMode.All ? LargeRingChunks : RingChunks) * largest, room / 4));
        if (ring > room)
            throw TooSmall(budget, needs, ring);
        int resident = 0;
        if (mode != StreamMode.All)
        {
            long left = room - ring;
            foreach (int chunk in ResidentOrder.Of(chunkBytes.Count))
            {
                if ((left -= chunkBytes[chunk]) < 0)
                    break;
                resident++;
            }
        }
        return Of(chunkBytes, resident, ring, budget, needs);
    }

    /// <summary>A plan with this many resident chunks.</summary>
    public static PlacementPlan Of(IReadOnlyList<long> chunkBytes, int residentCount, long ringBytes, long budget, MemoryNeeds needs)
    {
        bool[] resident = new bool[chunkBytes.Count];
        long bytes = 0;
        foreach (int chunk in ResidentOrder.Of(chunkBytes.Count).AsSpan(0, residentCount))
        {
            resident[chunk] = true;
            bytes += chunkBytes[chunk];
        }
        return new PlacementPlan
        {
            IsResident = resident,
            ResidentCount = residentCount,
            ResidentBytes = bytes,
            StreamedBytes = chunkBytes.Sum() - bytes,
            RingBytes = ringBytes,
            Budget = budget,
            Needs = needs,
        };
    }

    private static InvalidInputException TooSmall(long budget, MemoryNeeds needs, long ring)
    {
        // Rounded up, so that the advice works.
        long enough = needs.Total + ring;
        long step = enough < 1_000_000_000 ? 10_000_000 : 100_000_000;
        return new InvalidInputException(
            $"memory: {MemoryBudget.Text(budget)} are too few, in GB: {needs.Parts(ring)}; allow {MemoryBudget.Text((enough + step - 1) / step * step)}, or use a smaller tree, draft or context")
        {
            Parameter = "memory",
        };
    }
}

/// <summary>
/// The order in which chunks become resident: the first k of it are spread evenly over a pass for every k, so that neither reading nor computing waits
/// long for the other; and a change of k moves no other chunk.
/// </summary>
internal static class ResidentOrder
{
    /// <summary>The chunks in that order: by the fractional parts of multiples of the golden ratio, of which the first k leave gaps of at most three sizes.</summary>
    public static int[] Of(int count)
    {
        // Exact arithmetic modulo 2^64, the same on every machine.
        const ulong GoldenRatio = 0x9E3779B97F4A7C15;
        ulong[] keys = [.. Enumerable.Range(0, count).Select(chunk => unchecked((ulong)(chunk + 1) * GoldenRatio))];
        int[] order = [.. Enumerable.Range(0, count)];
        Array.Sort(keys, order);
        return order;
    }
}
