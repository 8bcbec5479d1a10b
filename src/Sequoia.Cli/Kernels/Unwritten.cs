namespace Sequoia.Cli.Kernels;

/// <summary>Finds elements of outputs that a kernel did not write.</summary>
internal static class Unwritten
{
    /// <summary>A byte whose repetition is a NaN, or -1: no kernel writes it over a whole buffer by chance.</summary>
    public const byte Poison = 0xFF;

    /// <summary>The number of elements that are still poison.</summary>
    public static int Count(ReadOnlySpan<byte> bytes, int elementBytes)
    {
        int count = 0;
        for (int i = 0; i < bytes.Length; i += elementBytes)
        {
            if (!bytes.Slice(i, elementBytes).ContainsAnyExcept(Poison))
                count++;
        }
        return count;
    }
}
