using System.Text;
using Sequoia.SoftwareGpu.Check;

namespace Sequoia.SoftwareGpu.Exec;

/// <summary>An mbarrier. Its phase completes when all expected arrivals and all expected bytes have come, and the next one begins.</summary>
internal sealed class MBarrier
{
    /// <summary>The most arrivals that an mbarrier can expect, and the most bytes.</summary>
    public const int Most = (1 << 20) - 1;

    /// <summary>The offset in shared memory.</summary>
    public required ulong Offset { get; init; }

    /// <summary>The arrivals that each phase expects.</summary>
    public required int Expected { get; init; }

    public required int Initializer { get; init; }

    /// <summary>The initializing warp's clock.</summary>
    public required uint InitializedAt { get; init; }

    /// <summary>The arrivals that the current phase lacks.</summary>
    public int Pending { get; set; }

    /// <summary>The bytes that the current phase lacks. Negative if bytes landed before they were expected.</summary>
    public long Bytes { get; set; }

    /// <summary>The number of completed phases.</summary>
    public long Phase { get; set; }

    /// <summary>Whether a warp waits until the phase completes.</summary>
    public bool IsAwaited { get; set; }

    /// <summary>Whether a fence.mbarrier_init follows the initialization.</summary>
    public bool IsFenced { get; set; }

    /// <summary>What those who arrived knew, and as much of it as completed phases make known.</summary>
    public uint[] Arrived { get; } = new uint[SharedRaces.Knowledge];

    public uint[] Completed { get; } = new uint[SharedRaces.Knowledge];

    /// <summary>Whether the phase of this parity is complete: it is not the current one.</summary>
    public bool HasCompleted(uint parity) => (Phase & 1) != parity;
}

/// <summary>The mbarriers of a block. Their state is here; the eight bytes in shared memory are never read or written.</summary>
internal sealed class MBarriers(Block block)
{
    private readonly Dictionary<ulong, MBarrier> _barriers = [];

    public void Clear() => _barriers.Clear();

    public MBarrier? Find(ulong offset) => _barriers.GetValueOrDefault(offset);

    public void Add(MBarrier barrier) => _barriers[barrier.Offset] = barrier;

    public void Remove(MBarrier barrier) => _barriers.Remove(barrier.Offset);

    /// <summary>A fence.mbarrier_init of a warp.</summary>
    public void Fence(Warp w)
    {
        foreach (MBarrier barrier in _barriers.Values)
            barrier.IsFenced |= barrier.Initializer == w.Index;
    }

    /// <summary>Completes the current phase if nothing is missing.</summary>
    public void Update(MBarrier barrier)
    {
        if (barrier.Pending != 0 || barrier.Bytes != 0)
            return;
        barrier.Phase++;
        barrier.Pending = barrier.Expected;
        barrier.IsAwaited = false;
        barrier.Arrived.CopyTo(barrier.Completed, 0);
        foreach (Warp w in block.Warps)
        {
            w.Fragments?.Wake();
            if (w.State == WarpState.AtMBarrier)
                w.State = WarpState.Ready;
        }
    }

    /// <summary>What the mbarriers lack that warps wait for.</summary>
    public string Describe()
    {
        StringBuilder text = new();
        foreach (MBarrier barrier in _barriers.Values.Where(b => b.IsAwaited).OrderBy(b => b.Offset))
            text.Append($"phase {barrier.Phase} of the mbarrier at shared offset {barrier.Offset} lacks {barrier.Pending} arrivals and {barrier.Bytes} bytes; ");
        return text.ToString();
    }
}
