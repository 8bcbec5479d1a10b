namespace Sequoia.Native.Sampling;

/// <summary>
/// The largest threshold whose kept mass (all tokens with p >= threshold, ties included) reaches a target. A radix search over the
/// bits of the probabilities in exactly three passes, so it always terminates. Masses are integers, so the order of summation does not matter.
/// </summary>
internal sealed unsafe class MassThreshold
{
    /// <summary>Probabilities are counted in units of 2^-52.</summary>
    public const double MassUnit = 1L << 52;

    private static readonly (int Shift, int Bits)[] Passes = [(21, 11), (10, 11), (0, 10)];

    private readonly ulong[] _histogram = new ulong[1 << 11];

    /// <summary>The threshold for a mass of probabilities (top-p).</summary>
    public float ForMass(float* p, int count, ulong target) => Find(p, count, target, byCount: false);

    /// <summary>The threshold for a number of tokens (top-k).</summary>
    public float ForCount(float* p, int count, int target) => Find(p, count, (ulong)target, byCount: true);

    private float Find(float* p, int count, ulong target, bool byCount)
    {
        uint prefix = 0;
        int fixedShift = 32;
        ulong above = 0;
        foreach ((int shift, int bits) in Passes)
        {
            Array.Clear(_histogram);
            uint mask = (1u << bits) - 1;
            for (int i = 0; i < count; i++)
            {
                uint key = BitConverter.SingleToUInt32Bits(p[i]);
                // Shifting by 32 leaves nothing to compare in the first pass.
                if ((ulong)key >> fixedShift == prefix)
                    _histogram[(key >> shift) & mask] += byCount ? 1 : (ulong)(p[i] * MassUnit);
            }
            uint bin = mask;
            while (bin > 0 && above + _histogram[bin] < target)
                above += _histogram[bin--];
            prefix = (prefix << bits) | bin;
            fixedShift = shift;
        }
        return BitConverter.UInt32BitsToSingle(prefix);
    }
}
