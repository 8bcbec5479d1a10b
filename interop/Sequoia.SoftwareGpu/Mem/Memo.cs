using System.Runtime.InteropServices;

namespace Sequoia.SoftwareGpu.Mem;

/// <summary>The cache of one memory instruction: its last patterns and the allocation it last accessed.</summary>
internal unsafe struct Memo
{
    /// <summary>Irregular loops alternate between a few patterns. A single entry would thrash.</summary>
    private const int Ways = 8;

    public Pattern* Recent;
    public Allocation* Last;
    private fixed long _ways[Ways];
    private int _next;

    /// <summary>Searches the older patterns.</summary>
    public Pattern* FindOlder(uint mask, long* delta)
    {
        for (int way = 0; way < Ways; way++)
        {
            Pattern* pattern = (Pattern*)_ways[way];
            if (pattern is not null && pattern->Mask == mask
                && new ReadOnlySpan<long>(pattern->Delta, 32).SequenceEqual(new ReadOnlySpan<long>(delta, 32)))
            {
                Recent = pattern;
                return pattern;
            }
        }

        return null;
    }

    /// <summary>Adds a pattern in place of the oldest. The deltas of inactive lanes are 0.</summary>
    public Pattern* Learn(uint mask, long* delta, int size)
    {
        int way = _next;
        _next = (_next + 1) % Ways;
        if (_ways[way] == 0)
            _ways[way] = (long)NativeMemory.AlignedAlloc((nuint)sizeof(Pattern), 64);
        Pattern* pattern = (Pattern*)_ways[way];
        for (int lane = 0; lane < 32; lane++)
        {
            pattern->Delta[lane] = delta[lane];
            pattern->Narrow[lane] = (int)delta[lane];
        }

        pattern->Complete(mask, size);
        Recent = pattern;
        return pattern;
    }

    public void Release()
    {
        for (int way = 0; way < Ways; way++)
            NativeMemory.AlignedFree((void*)_ways[way]);
    }
}
