using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sequoia.SoftwareGpu.Ops;

/// <summary>
/// The <c>.approx</c> functions. The hardware's tables are unknown, so these are accurate to about one unit in the last place instead. Results
/// agree with a GPU within its documented error, not bit for bit.
/// </summary>
internal static class Approx
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    /// <summary>
    /// 2^n · 2^f with |f| at most one half. The Taylor series of 2^f to degree 7 has a relative error below 2^-27. Scaling in two steps preserves
    /// subnormal results.
    /// </summary>
    internal readonly struct Exp2 : IUnary32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Apply(Vector512<uint> bits)
        {
            Vector512<float> x = bits.AsSingle();
            Vector512<float> bounded = Vector512.MinNative(Vector512.MaxNative(x, Vector512.Create(-160f)), Vector512.Create(130f));

            // Adding 1.5 · 2^23 rounds to an integer and leaves it in the low bits.
            Vector512<float> shifter = Vector512.Create(12582912f);
            Vector512<float> shifted = bounded + shifter;
            Vector512<float> f = bounded - (shifted - shifter);
            Vector512<int> n = shifted.AsInt32() - shifter.AsInt32();
            Vector512<float> p = Vector512.Create(1.5252734e-5f);
            p = Vector512.FusedMultiplyAdd(p, f, Vector512.Create(1.5403530e-4f));
            p = Vector512.FusedMultiplyAdd(p, f, Vector512.Create(1.3333558e-3f));
            p = Vector512.FusedMultiplyAdd(p, f, Vector512.Create(9.6181291e-3f));
            p = Vector512.FusedMultiplyAdd(p, f, Vector512.Create(5.5504109e-2f));
            p = Vector512.FusedMultiplyAdd(p, f, Vector512.Create(2.4022651e-1f));
            p = Vector512.FusedMultiplyAdd(p, f, Vector512.Create(6.9314718e-1f));
            p = Vector512.FusedMultiplyAdd(p, f, Vector512<float>.One);
            Vector512<int> half = n >> 1;
            Vector512<int> bias = Vector512.Create(127);
            Vector512<float> result = p * ((half + bias) << 23).AsSingle() * ((n - half + bias) << 23).AsSingle();
            return Vector512.ConditionalSelect(Vector512.Equals(x, x), result, Vector512.Create(0x7FFF_FFFFu).AsSingle()).AsUInt32();
        }
    }

    internal readonly struct Log2 : IUnary32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Apply(Vector512<uint> a) => Vector512.Log2(a.AsSingle()).AsUInt32();
    }

    internal readonly struct Sin : IUnary32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Apply(Vector512<uint> a) => Vector512.Sin(a.AsSingle()).AsUInt32();
    }

    internal readonly struct Cos : IUnary32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Apply(Vector512<uint> a) => Vector512.Cos(a.AsSingle()).AsUInt32();
    }

    internal readonly struct Tanh : IUnary32
    {
        public static Vector512<uint> Apply(Vector512<uint> a)
        {
            Vector512<float> result = default;
            for (int lane = 0; lane < 16; lane++)
                result = result.WithElement(lane, MathF.Tanh(a.AsSingle()[lane]));
            return result.AsUInt32();
        }
    }
}
