using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sequoia.SoftwareGpu.Ops;

/// <summary>
/// <c>.ftz</c>: subnormal inputs and results become zeros of the same sign. This is done in software, because one kernel mixes operations with and
/// without it, and the host's control register cannot be switched for each operation.
/// </summary>
internal readonly struct Ftz1<T> : IUnary32
    where T : struct, IUnary32
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Apply(Vector512<uint> a) => FloatOps.Flush(T.Apply(FloatOps.Flush(a)));
}

/// <inheritdoc cref="Ftz1{T}"/>
internal readonly struct Ftz2<T> : IBinary32
    where T : struct, IBinary32
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b) =>
        FloatOps.Flush(T.Apply(FloatOps.Flush(a), FloatOps.Flush(b)));
}

/// <inheritdoc cref="Ftz1{T}"/>
internal readonly struct Ftz3<T> : ITernary32
    where T : struct, ITernary32
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b, Vector512<uint> c) =>
        FloatOps.Flush(T.Apply(FloatOps.Flush(a), FloatOps.Flush(b), FloatOps.Flush(c)));
}

/// <summary><c>.sat</c>: the result is clamped to [0, 1].</summary>
internal readonly struct Sat1<T> : IUnary32
    where T : struct, IUnary32
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Apply(Vector512<uint> a) => FloatOps.Saturate(T.Apply(a));
}

/// <inheritdoc cref="Sat1{T}"/>
internal readonly struct Sat2<T> : IBinary32
    where T : struct, IBinary32
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b) => FloatOps.Saturate(T.Apply(a, b));
}

/// <inheritdoc cref="Sat1{T}"/>
internal readonly struct Sat3<T> : ITernary32
    where T : struct, ITernary32
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b, Vector512<uint> c) =>
        FloatOps.Saturate(T.Apply(a, b, c));
}
