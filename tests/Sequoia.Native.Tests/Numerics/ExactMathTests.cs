using Sequoia.Native.Numerics;

namespace Sequoia.Native.Tests.Numerics;

/// <summary>Accuracy against double precision, and the same bits on every kernel table.</summary>
public sealed unsafe class ExactMathTests
{
    [Test]
    public void Exp_is_within_three_ulp() => Check(x => -87f * x, ExactMath.Exp<LanesScalar>, x => Math.Exp(x), 3);

    [Test]
    public void Log_is_within_three_ulp() =>
        Check(x => MathF.Exp((60 * x) - 30), ExactMath.Log<LanesScalar>, x => Math.Log(x), 3);

    [Test]
    public void NegativeLog1m_is_within_four_ulp_down_to_tiny_arguments() =>
        Check(x => MathF.Min(MathF.Exp(-22 * x), 1 - (1f / 16777216)), ExactMath.NegativeLog1m<LanesScalar>, u => -Math.Log(1 - (double)u), 4);

    [Test]
    public void Exp_has_its_exact_points()
    {
        Assert.That(One(ExactMath.Exp<LanesScalar>, 0), Is.EqualTo(1f));
        Assert.That(One(ExactMath.Exp<LanesScalar>, float.NegativeInfinity), Is.Zero);
        Assert.That(One(ExactMath.Exp<LanesScalar>, -88), Is.Zero);
    }

    [Test]
    public void All_tables_give_the_same_bits()
    {
        using var input = new AlignedBuffer<float>(16);
        for (int i = 0; i < 20000; i += 16)
        {
            for (int lane = 0; lane < 16; lane++)
                input.Pointer[lane] = (i + lane + 0.5f) / 20000;
            int[] scalar = AllFunctions<LanesScalar>(input.Pointer);
            if (System.Runtime.Intrinsics.X86.Avx2.IsSupported)
                Assert.That(AllFunctions<Lanes256>(input.Pointer), Is.EqualTo(scalar));
            if (System.Runtime.Intrinsics.X86.Avx512F.IsSupported)
                Assert.That(AllFunctions<Lanes512>(input.Pointer), Is.EqualTo(scalar));
        }
    }

    private static int[] AllFunctions<T>(float* input) where T : unmanaged, ILanes<T>
    {
        T x = T.Load(input);
        uint* bits = (uint*)input;
        using var output = new AlignedBuffer<float>(128);
        T.Store(ExactMath.Exp(x * T.Broadcast(-90f)), output.Pointer);
        T.Store(ExactMath.Log(x * T.Broadcast(50f)), output.Pointer + 16);
        T.Store(ExactMath.NegativeLog1m(x), output.Pointer + 32);
        T.Store(T.ConvertUInt32(bits), output.Pointer + 48);
        // Halves made of the same bits, without infinities and NaN (whose payload no kernel cares for).
        ushort* halves = stackalloc ushort[16];
        for (int i = 0; i < 16; i++)
            halves[i] = (ushort)(((ushort*)input)[i] & 0xBFFF);
        T.Store(T.LoadHalf(halves), output.Pointer + 64);
        T.Store(T.LoadBFloat16Even((ushort*)input), output.Pointer + 80);
        T.Store(T.LoadBFloat16Odd((ushort*)input), output.Pointer + 96);
        output.Pointer[112] = T.Sum(x);
        output.Pointer[113] = T.Largest(x);
        output.Pointer[114] = T.MaskGreater(x, T.Broadcast(0.5f));
        return [.. Enumerable.Range(0, 128).Select(i => BitConverter.SingleToInt32Bits(output.Pointer[i]))];
    }

    private static void Check(Func<float, float> argument, Func<LanesScalar, LanesScalar> function, Func<double, double> exact, double ulps)
    {
        for (int i = 0; i <= 100_000; i++)
        {
            float x = argument(i / 100_000f);
            double expected = exact(x);
            double ulp = MathF.BitIncrement((float)Math.Abs(expected)) - (float)Math.Abs(expected);
            Assert.That(Math.Abs(One(function, x) - expected) / ulp, Is.LessThanOrEqualTo(ulps), $"at {x:R}");
        }
    }

    private static float One(Func<LanesScalar, LanesScalar> function, float x)
    {
        LanesScalar result = function(LanesScalar.Broadcast(x));
        return result[0];
    }
}
