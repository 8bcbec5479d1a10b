namespace Sequoia.Training.Storage;

/// <summary>The upper half of a float, rounded to nearest, ties to even. Weights are finite; NaN is not looked after.</summary>
internal static class Bfloat16
{
    public static ushort[] Round(ReadOnlySpan<float> values)
    {
        var result = new ushort[values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            uint bits = BitConverter.SingleToUInt32Bits(values[i]);
            result[i] = (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
        }

        return result;
    }

    public static float[] Widen(ReadOnlySpan<ushort> values)
    {
        var result = new float[values.Length];
        for (int i = 0; i < values.Length; i++) result[i] = BitConverter.UInt32BitsToSingle((uint)values[i] << 16);
        return result;
    }
}
