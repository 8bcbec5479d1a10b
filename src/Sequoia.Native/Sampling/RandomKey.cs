using Sequoia.Native.Numerics;

namespace Sequoia.Native.Sampling;

/// <summary>The purpose of a random number; part of its counter, so that no two uses share one.</summary>
internal enum RandomPurpose : uint
{
    DraftNoise = 1,
    AcceptCoin = 2,
    FinalSample = 3,
    PlainSample = 4,
    ChildSample = 5,
    TargetSample = 6,
}

/// <summary>
/// Identifies every random number of one step: Philox keyed by the seed, with counter (token / 4, node, step, purpose).
/// The step grows with every verification, so no number is ever used twice.
/// </summary>
internal readonly record struct RandomKey(ulong Seed, uint Step)
{
    /// <summary>A coin in (0, 1) for accepting <paramref name="child"/> below <paramref name="node"/>: ((r >> 9) + 1/2) 2^-23, exact in fp32.</summary>
    public float Coin(int node, int child)
    {
        uint r = Philox.Block(Seed, (uint)child, (uint)node, Step, (uint)RandomPurpose.AcceptCoin).X0;
        return ((r >> 9) + 0.5f) * (1f / (1 << 23));
    }

    /// <summary>One 32-bit number per token.</summary>
    public unsafe void Fill(uint* destination, int tokens, int node, RandomPurpose purpose) =>
        Philox.Fill(destination, tokens, Seed, (uint)node, Step, (uint)purpose);
}
