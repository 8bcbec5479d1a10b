using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sequoia.SoftwareGpu.Ops;

/// <summary>Vectorized handlers of the conversions that are common in kernels.</summary>
internal static class FastConvert
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    internal readonly struct SingleFromS32 : IUnary32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Apply(Vector512<uint> a) => Vector512.ConvertToSingle(a.AsInt32()).AsUInt32();
    }

    internal readonly struct SingleFromHalf<T> : IUnary32
        where T : struct, IHalfFormat
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Apply(Vector512<uint> a) => T.ToSingle(a).AsUInt32();
    }

    internal readonly struct HalfFromSingle<T> : IUnary32
        where T : struct, IHalfFormat
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Apply(Vector512<uint> a) => T.FromSingle(a.AsSingle());
    }

    /// <summary>Two singles as a pair of halves, with the first one in the high half.</summary>
    internal readonly struct Pack<T> : IBinary32
        where T : struct, IHalfFormat
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b) =>
            (T.FromSingle(a.AsSingle()) << 16) | T.FromSingle(b.AsSingle());
    }

    /// <summary>As <see cref="Pack{T}"/>; negative values and NaN's sign become +0 (<c>.relu</c>).</summary>
    internal readonly struct PackRelu<T> : IBinary32
        where T : struct, IHalfFormat
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b) => Pack<T>.Apply(Relu(a), Relu(b));

        [MethodImpl(Inline)]
        private static Vector512<uint> Relu(Vector512<uint> a) =>
            Vector512.ConditionalSelect(Vector512.LessThanOrEqual(a.AsSingle(), Vector512<float>.Zero).AsUInt32(), Vector512<uint>.Zero, a);
    }

    /// <summary>Rounds ties away from zero in the bits that tf32 drops.</summary>
    internal readonly struct Tf32FromSingle : IUnary32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Apply(Vector512<uint> a)
        {
            Vector512<uint> rounded = (a + Vector512.Create(0x1000u)) & Vector512.Create(0xFFFF_E000u);
            Vector512<uint> isFinite = Vector512.LessThan(a & Vector512.Create(0x7F80_0000u), Vector512.Create(0x7F80_0000u));
            return Vector512.ConditionalSelect(isFinite, rounded, FloatOps.CanonicalNaN(a.AsSingle()).AsUInt32());
        }
    }

    internal readonly struct Low8 : IUnary32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Apply(Vector512<uint> a) => a & Vector512.Create(0xFFu);
    }

    internal readonly struct Low16 : IUnary32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Apply(Vector512<uint> a) => a & Vector512.Create(0xFFFFu);
    }

    internal readonly struct Sign8To32 : IUnary32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Apply(Vector512<uint> a) => ((a << 24).AsInt32() >> 24).AsUInt32();
    }

    internal readonly struct Sign16To32 : IUnary32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Apply(Vector512<uint> a) => SignedShort.Extend(a);
    }

    internal readonly struct Round : IUnary32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Apply(Vector512<uint> a) => Vector512.Round(a.AsSingle()).AsUInt32();
    }

    internal readonly struct Saturate : IUnary32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Apply(Vector512<uint> a) => FloatOps.Saturate(a);
    }

    /// <summary>Clamps as PTX does; NaN becomes 0.</summary>
    internal readonly struct S32FromSingle : IUnary32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Apply(Vector512<uint> a) => Vector512.ConvertToInt32(a.AsSingle()).AsUInt32();
    }

    internal readonly struct S32FromSingleRounded : IUnary32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Apply(Vector512<uint> a) => S32FromSingle.Apply(Round.Apply(a));
    }
}
