using Sequoia.Native.Backends.Cpu;

namespace Sequoia.Native.Tests.Backends;

public sealed unsafe class RotateTests
{
    /// <summary>Heads of whole vectors, of less than one, and of one and a rest.</summary>
    [TestCase(1)]
    [TestCase(8)]
    [TestCase(16)]
    [TestCase(20)]
    [TestCase(64)]
    public void Every_kernel_table_gives_the_bits_of_the_formula_in_place_too(int pairs)
    {
        const int Heads = 3;
        var random = new Random(pairs);
        float[] source = [.. Enumerable.Range(0, 2 * pairs * Heads).Select(i => i == 0 ? -0f : i == pairs ? 1 : random.NextSingle() - 0.5f)];
        // -0 cos 0 - 1 sin 0 is -0.
        float[] angles = [.. Enumerable.Range(0, pairs).Select(i => i == 0 ? 0 : random.NextSingle() * 6)];
        float[] cos = Array.ConvertAll(angles, MathF.Cos), sin = Array.ConvertAll(angles, MathF.Sin), expected = new float[source.Length];
        for (int head = 0; head < Heads; head++)
        {
            for (int d = 0; d < pairs; d++)
            {
                int first = (2 * pairs * head) + d, second = first + pairs;
                expected[first] = MathF.FusedMultiplyAdd(source[first], cos[d], -(source[second] * sin[d]));
                expected[second] = MathF.FusedMultiplyAdd(source[second], cos[d], source[first] * sin[d]);
            }
        }
        foreach ((string name, bool supported, Func<CpuKernels> create) in CpuKernels.Table)
        {
            if (!supported)
                continue;
            float[] rotated = new float[source.Length], inPlace = [.. source];
            fixed (float* from = source, to = rotated, both = inPlace, c = cos, s = sin)
            {
                create().Rotate(from, Heads, pairs, c, s, to);
                create().Rotate(both, Heads, pairs, c, s, both);
            }
            Assert.That(Bits(expected).SequenceEqual(Bits(rotated)), Is.True, name);
            Assert.That(Bits(expected).SequenceEqual(Bits(inPlace)), Is.True, name);
        }
    }

    private static int[] Bits(float[] values) => Array.ConvertAll(values, BitConverter.SingleToInt32Bits);
}
