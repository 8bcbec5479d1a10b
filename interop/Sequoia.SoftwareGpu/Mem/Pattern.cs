using System.Numerics;

namespace Sequoia.SoftwareGpu.Mem;

internal enum PatternKind : byte
{
    /// <summary>Any other arrangement, and every access by part of a warp.</summary>
    General,

    /// <summary>All 32 lanes, contiguous and in order.</summary>
    Contiguous,

    /// <summary>All 32 lanes at one address.</summary>
    Uniform,
}

/// <summary>
/// The addresses of one access relative to the first lane's address, and everything that depends only on them. Patterns repeat between executions,
/// so bounds, alignment, sectors and bank conflicts are computed once.
/// </summary>
internal unsafe struct Pattern
{
    public fixed long Delta[32];

    /// <summary>The deltas as 32-bit shared memory addresses.</summary>
    public fixed int Narrow[32];
    public uint Mask;
    public int First;
    public PatternKind Kind;
    public bool HasRuns;

    /// <summary>All lanes, with each half of the warp at one address.</summary>
    public bool HasUniformHalves;

    /// <summary>All lanes, with each half of the warp contiguous.</summary>
    public bool HasContiguousHalves;
    public long Min;

    /// <summary>The size of the range from the lowest byte to the highest.</summary>
    public ulong Span;

    /// <summary>The bitwise OR of all deltas. Its low bits show misalignment.</summary>
    public ulong AlignmentBits;
    public int Size;
    public int Runs;
    public uint DistinctBytes;
    public ushort Wavefronts;
    public ushort IdealWavefronts;

    /// <summary>The merged ranges of touched bytes, in ascending order.</summary>
    public fixed long RunStart[32];
    public fixed uint RunLength[32];

    /// <summary>The number of 32-byte sectors touched, by the offset of the base in its sector. 0 means not counted yet.</summary>
    public fixed byte Sectors[32];

    public void Complete(uint mask, int size)
    {
        Mask = mask;
        Size = size;
        First = BitOperations.TrailingZeroCount(mask);
        HasRuns = false;
        for (int phase = 0; phase < 32; phase++)
            Sectors[phase] = 0;
        long min = long.MaxValue, max = long.MinValue;
        ulong bits = 0;
        bool contiguous = mask == uint.MaxValue, uniform = contiguous;
        HasUniformHalves = HasContiguousHalves = contiguous;
        for (int lane = 0; lane < 32; lane++)
        {
            if ((mask >> lane & 1) == 0)
            {
                Delta[lane] = 0;
                Narrow[lane] = 0;
                continue;
            }

            long delta = Delta[lane];
            min = long.Min(min, delta);
            max = long.Max(max, delta);
            bits |= (ulong)delta;
            contiguous &= delta == (long)lane * size;
            uniform &= delta == 0;
            HasUniformHalves &= delta == Delta[lane & 16];
            HasContiguousHalves &= delta == Delta[lane & 16] + ((lane & 15) * size);
        }

        Min = min;
        Span = (ulong)(max - min) + (ulong)size;
        AlignmentBits = bits;
        Kind = contiguous ? PatternKind.Contiguous : uniform ? PatternKind.Uniform : PatternKind.General;
    }

    /// <summary>Merges the touched bytes into runs and counts bank conflicts. Only checks and counters need this.</summary>
    public void FindRuns()
    {
        HasRuns = true;
        Span<(long Start, long End)> ranges = stackalloc (long, long)[32];
        int count = 0;
        for (uint rest = Mask; rest != 0; rest &= rest - 1)
        {
            long start = Delta[BitOperations.TrailingZeroCount(rest)];
            ranges[count++] = (start, start + Size);
        }

        ranges = ranges[..count];
        ranges.Sort((a, b) => a.Start.CompareTo(b.Start));
        Runs = 0;
        DistinctBytes = 0;
        (long from, long to) = ranges[0];
        foreach ((long start, long end) in ranges)
        {
            if (start > to)
            {
                AddRun(from, to);
                from = start;
            }

            to = long.Max(to, end);
        }

        AddRun(from, to);
        CountWavefronts();
    }

    /// <summary>The number of 32-byte sectors that the access touches if its base has this offset in a sector.</summary>
    public int SectorsAt(int phase)
    {
        if (Sectors[phase] == 0)
        {
            // Runs are in ascending order, so a sector can only be counted twice in a row.
            long last = long.MinValue;
            int sectors = 0;
            for (int run = 0; run < Runs; run++)
            {
                long first = (RunStart[run] + phase) >> 5;
                long end = (RunStart[run] + RunLength[run] - 1 + phase) >> 5;
                first = long.Max(first, last + 1);
                if (end >= first)
                    sectors += (int)(end - first) + 1;
                last = long.Max(last, end);
            }

            Sectors[phase] = (byte)sectors;
        }

        return Sectors[phase];
    }

    private void AddRun(long from, long to)
    {
        RunStart[Runs] = from;
        RunLength[Runs] = (uint)(to - from);
        Runs++;
        DistinctBytes += (uint)(to - from);
    }

    /// <summary>Words in one bank are served one after the other. Moving the base by whole words only rotates the banks.</summary>
    private void CountWavefronts()
    {
        Span<int> banks = stackalloc int[32];
        int words = 0, worst = 1;
        long last = long.MinValue;
        for (int run = 0; run < Runs; run++)
        {
            long first = long.Max(RunStart[run] >> 2, last + 1);
            last = (RunStart[run] + RunLength[run] - 1) >> 2;
            for (long word = first; word <= last; word++)
            {
                words++;
                worst = int.Max(worst, ++banks[(int)(word & 31)]);
            }
        }

        Wavefronts = (ushort)worst;
        IdealWavefronts = (ushort)int.Max(1, (words + 31) / 32);
    }
}
