using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sequoia.SoftwareGpu.Ops;

/// <summary>Single-precision arithmetic that rounds to nearest even, as operation types.</summary>
internal static class FloatOps
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    internal readonly struct Add : IBinary32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b) => (a.AsSingle() + b.AsSingle()).AsUInt32();
    }

    internal readonly struct Sub : IBinary32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b) => (a.AsSingle() - b.AsSingle()).AsUInt32();
    }

    internal readonly struct Mul : IBinary32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b) => (a.AsSingle() * b.AsSingle()).AsUInt32();
    }

    internal readonly struct Div : IBinary32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b) => (a.AsSingle() / b.AsSingle()).AsUInt32();
    }

    internal readonly struct Fma : ITernary32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b, Vector512<uint> c) =>
            Vector512.FusedMultiplyAdd(a.AsSingle(), b.AsSingle(), c.AsSingle()).AsUInt32();
    }

    internal readonly struct Neg : IUnary32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Apply(Vector512<uint> a) => a ^ Vector512.Create(0x8000_0000u);
    }

    internal readonly struct Abs : IUnary32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Apply(Vector512<uint> a) => a & Vector512.Create(0x7FFF_FFFFu);
    }

    /// <summary>A number is preferred to NaN, and -0 is less than +0. The plain x64 minimum does neither.</summary>
    internal readonly struct Min : IBinary32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b) =>
            CanonicalNaN(Vector512.MinNumber(a.AsSingle(), b.AsSingle())).AsUInt32();
    }

    /// <summary>As <see cref="Min"/>.</summary>
    internal readonly struct Max : IBinary32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b) =>
            CanonicalNaN(Vector512.MaxNumber(a.AsSingle(), b.AsSingle())).AsUInt32();
    }

    internal readonly struct MinNaN : IBinary32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b) =>
            CanonicalNaN(Vector512.Min(a.AsSingle(), b.AsSingle())).AsUInt32();
    }

    internal readonly struct MaxNaN : IBinary32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b) =>
            CanonicalNaN(Vector512.Max(a.AsSingle(), b.AsSingle())).AsUInt32();
    }

    internal readonly struct Sqrt : IUnary32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Apply(Vector512<uint> a) => Vector512.Sqrt(a.AsSingle()).AsUInt32();
    }

    internal readonly struct Rcp : IUnary32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Apply(Vector512<uint> a) => (Vector512<float>.One / a.AsSingle()).AsUInt32();
    }

    internal readonly struct Rsqrt : IUnary32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Apply(Vector512<uint> a) => (Vector512<float>.One / Vector512.Sqrt(a.AsSingle())).AsUInt32();
    }

    /// <summary>Clamps to [0, 1]; NaN becomes +0.</summary>
    [MethodImpl(Inline)]
    public static Vector512<uint> Saturate(Vector512<uint> a)
    {
        Vector512<float> value = a.AsSingle();
        Vector512<float> clamped = Vector512.ConditionalSelect(
            Vector512.GreaterThan(value, Vector512<float>.One), Vector512<float>.One, value);
        return Vector512.ConditionalSelect(Vector512.GreaterThan(value, Vector512<float>.Zero), clamped, Vector512<float>.Zero).AsUInt32();
    }

    /// <summary>Replaces subnormals with zeros of the same sign.</summary>
    [MethodImpl(Inline)]
    public static Vector512<uint> Flush(Vector512<uint> a) => Vector512.ConditionalSelect(
        Vector512.Equals(a & Vector512.Create(0x7F80_0000u), Vector512<uint>.Zero), a & Vector512.Create(0x8000_0000u), a);

    [MethodImpl(Inline)]
    public static Vector512<float> CanonicalNaN(Vector512<float> a) =>
        Vector512.ConditionalSelect(Vector512.Equals(a, a), a, Vector512.Create(0x7FFF_FFFFu).AsSingle());
}
