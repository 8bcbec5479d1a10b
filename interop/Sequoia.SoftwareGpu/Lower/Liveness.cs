namespace Sequoia.SoftwareGpu.Lower;

/// <summary>The range in which each value may be needed, in code order.</summary>
internal static class Liveness
{
    /// <summary>Ranges of op indices, by value number. The blocks give their ops as [first, end).</summary>
    public static (int First, int Last)[] Ranges(Cfg cfg, List<Op> ops, (int First, int End)[] blocks, List<Value> values)
    {
        int words = (values.Count + 63) / 64;
        ulong[][] use = new ulong[blocks.Length][], define = new ulong[blocks.Length][];
        ulong[][] liveIn = new ulong[blocks.Length][], liveOut = new ulong[blocks.Length][];
        for (int b = 0; b < blocks.Length; b++)
        {
            (use[b], define[b], liveIn[b], liveOut[b]) = (new ulong[words], new ulong[words], new ulong[words], new ulong[words]);
            for (int k = blocks[b].First; k < blocks[b].End; k++)
                Scan(ops[k], use[b], define[b]);
            use[b].CopyTo(liveIn[b], 0);
        }

        bool changed = true;
        while (changed)
        {
            changed = false;
            for (int b = blocks.Length - 1; b >= 0; b--)
            {
                foreach (int successor in cfg.Blocks[b].Successors)
                {
                    for (int word = 0; word < words; word++)
                        liveOut[b][word] |= liveIn[successor][word];
                }

                for (int word = 0; word < words; word++)
                {
                    ulong needed = use[b][word] | (liveOut[b][word] & ~define[b][word]);
                    changed |= needed != liveIn[b][word];
                    liveIn[b][word] = needed;
                }
            }
        }

        (int First, int Last)[] ranges = new (int, int)[values.Count];
        Array.Fill(ranges, (int.MaxValue, -1));
        for (int b = 0; b < blocks.Length; b++)
        {
            Extend(ranges, liveIn[b], blocks[b].First);
            Extend(ranges, liveOut[b], blocks[b].End);
            if (blocks[b].End > blocks[b].First && ops[blocks[b].End - 1] is { Kind: Exec.InstKind.Call } call)
                call.Saved.AddRange(values.Where(v => (liveOut[b][v.Number >> 6] >> v.Number & 1) != 0));
            for (int k = blocks[b].First; k < blocks[b].End; k++)
            {
                foreach (Value value in ops[k].Reads().Concat(ops[k].Writes()))
                    Extend(ranges, value, k);
            }
        }

        foreach (Value value in values.Where(v => v.IsPinned))
            ranges[value.Number] = (0, ops.Count);
        return ranges;
    }

    private static void Scan(Op op, ulong[] use, ulong[] define)
    {
        foreach (Value value in op.Reads())
        {
            if (value.Number >= 0 && (define[value.Number >> 6] >> value.Number & 1) == 0)
                use[value.Number >> 6] |= 1UL << value.Number;
        }

        foreach (Value value in op.Writes())
        {
            if (value.Number < 0)
                continue;

            // A guarded write keeps the old values of the other lanes, so it reads them.
            if (op.Guard is null)
                define[value.Number >> 6] |= 1UL << value.Number;
            else if ((define[value.Number >> 6] >> value.Number & 1) == 0)
                use[value.Number >> 6] |= 1UL << value.Number;
        }
    }

    private static void Extend((int First, int Last)[] ranges, ulong[] live, int at)
    {
        for (int word = 0; word < live.Length; word++)
        {
            for (ulong rest = live[word]; rest != 0; rest &= rest - 1)
                Extend(ref ranges[(word * 64) + System.Numerics.BitOperations.TrailingZeroCount(rest)], at);
        }
    }

    private static void Extend((int First, int Last)[] ranges, Value value, int at)
    {
        if (value.Number >= 0)
            Extend(ref ranges[value.Number], at);
    }

    private static void Extend(ref (int First, int Last) range, int at) =>
        range = (int.Min(range.First, at), int.Max(range.Last, at));
}
