using Sequoia.Native.Backends.Cuda;
using Sequoia.Native.Models;

namespace Sequoia.Native.Tests.Backends;

/// <summary>Rows on their way to a device: sixteen elements at a time give the bits that one at a time gives.</summary>
internal sealed unsafe class ElementTests
{
    private static readonly ushort[] Patterns = [.. Enumerable.Range(0, 1 << 16).Select(bits => (ushort)bits)];

    [Test]
    public void All_stored_patterns_of_16_bits_become_what_the_rule_says([Values(TensorType.F16, TensorType.BF16)] object type, [Values] Element element)
    {
        var stored = (TensorType)type;
        bool same = stored == Elements.StoredType(element);
        ushort[] expected = [.. Patterns.Select(bits => same ? bits : Elements.Narrow(Elements.Widen(bits, stored == TensorType.F16 ? Element.F16 : Element.BF16), element))];
        fixed (ushort* data = Patterns)
            AssertNarrowed(new TensorView("t", stored, [Patterns.Length], (nint)data), element, expected);
    }

    [Test]
    public void Fp32_is_rounded_as_the_rule_says([Values] Element element)
    {
        var random = new Random(7);
        var values = new List<float>();
        foreach (ushort bits in Patterns)
        {
            // Each number of either type, what lies half way to the next, and the neighbours of that.
            uint f16 = BitConverter.SingleToUInt32Bits((float)BitConverter.UInt16BitsToHalf(bits)), bf16 = (uint)bits << 16;
            foreach (uint low in (uint[])[0, 0xfff, 0x1000, 0x1001, 0x1fff])
                values.Add(BitConverter.UInt32BitsToSingle(f16 + low));
            foreach (uint low in (uint[])[1, 0x7fff, 0x8000, 0x8001, 0xffff])
                values.Add(BitConverter.UInt32BitsToSingle(bf16 + low));
        }
        // Half way between F16's denormals, and around its least and its infinity.
        for (int i = 0; i < 1024; i++)
            values.AddRange([(i + 0.5f) * MathF.Pow(2, -24), MathF.BitIncrement((i + 0.5f) * MathF.Pow(2, -24)), -MathF.BitDecrement((i + 0.5f) * MathF.Pow(2, -24))]);
        values.AddRange([65504, 65519.996f, 65520, -65520, float.MaxValue, float.Epsilon, float.PositiveInfinity, float.NegativeInfinity]);
        for (int i = 0; i < 1_000_000; i++)
            values.Add(BitConverter.UInt32BitsToSingle((uint)random.NextInt64(1L << 32)));
        float[] all = [.. values];
        fixed (float* data = all)
            AssertNarrowed(new TensorView("t", TensorType.F32, [all.Length], (nint)data), element, [.. all.Select(value => Elements.Narrow(value, element))]);
    }

    [Test]
    public void Parts_of_any_length_from_any_place_are_whole([Values] Element element)
    {
        float[] all = [.. Enumerable.Range(0, 100).Select(i => 0.1f * i)];
        fixed (float* data = all)
        {
            var tensor = new TensorView("t", TensorType.F32, [all.Length], (nint)data);
            for (int first = 0; first < 20; first++)
            {
                for (int length = 0; length < 70; length++)
                {
                    ushort[] found = new ushort[length + 1];
                    found[length] = 0x1234;
                    Elements.Narrow(tensor, first, found.AsSpan(0, length), element);
                    Assert.That(found, Is.EqualTo(all.Skip(first).Take(length).Select(value => Elements.Narrow(value, element)).Append((ushort)0x1234)));
                }
            }
        }
    }

    [Test]
    public void A_model_whose_values_overflow_f16_is_kept_as_bf16()
    {
        float[] values = new float[35];
        foreach ((float value, Element element) in (ReadOnlySpan<(float, Element)>)[
            (65519.996f, Element.F16), (65520, Element.BF16), (-65520, Element.BF16), (float.NegativeInfinity, Element.BF16), (float.NaN, Element.F16)])
        {
            for (int at = 0; at < values.Length; at++)
            {
                Array.Fill(values, float.NaN);
                values[at] = value;
                fixed (float* data = values)
                    Assert.That(Elements.For([new TensorView("t", TensorType.F32, [5, 7], (nint)data)]), Is.EqualTo(element), $"{value} at {at}");
            }
        }
    }

    private static void AssertNarrowed(TensorView tensor, Element element, ushort[] expected)
    {
        ushort[] found = new ushort[expected.Length];
        Elements.Narrow(tensor, 0, found, element);
        for (int i = 0; i < found.Length; i++)
        {
            if (found[i] != expected[i])
                Assert.Fail($"{tensor.Type} to {element}, element {i}: 0x{found[i]:x4}, expected 0x{expected[i]:x4}");
        }
    }
}
