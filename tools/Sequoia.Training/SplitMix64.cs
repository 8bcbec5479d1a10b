namespace Sequoia.Training;

/// <summary>Steele, Lea and Flood's mixing function (2014) as a counter-based generator: nothing to save but a count.</summary>
internal static class SplitMix64
{
    public static ulong Hash(ulong key, ulong counter)
    {
        ulong z = key + (counter + 1) * 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>Uniform in [0, 1).</summary>
    public static double Uniform(ulong key, ulong counter) => (Hash(key, counter) >> 11) * (1.0 / (1UL << 53));
}
