using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sequoia.SoftwareGpu.Ops;

/// <summary>16-bit integer operations from 32-bit ones. The result is truncated to 16 bits.</summary>
internal readonly struct Short1<T> : IUnary32
    where T : struct, IUnary32
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Apply(Vector512<uint> a) => T.Apply(a) & Vector512.Create(0xFFFFu);
}

/// <summary>As <see cref="Short1{T}"/>, for two operands.</summary>
internal readonly struct Short2<T> : IBinary32
    where T : struct, IBinary32
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b) => T.Apply(a, b) & Vector512.Create(0xFFFFu);
}

/// <summary>As <see cref="Short1{T}"/>, for three operands.</summary>
internal readonly struct Short3<T> : ITernary32
    where T : struct, ITernary32
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b, Vector512<uint> c) =>
        T.Apply(a, b, c) & Vector512.Create(0xFFFFu);
}

/// <summary>Sign-extends 16-bit operands first, for operations that depend on the sign.</summary>
internal readonly struct SignedShort1<T> : IUnary32
    where T : struct, IUnary32
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Apply(Vector512<uint> a) => Short1<T>.Apply(SignedShort.Extend(a));
}

/// <summary>As <see cref="SignedShort1{T}"/>, for two operands.</summary>
internal readonly struct SignedShort2<T> : IBinary32
    where T : struct, IBinary32
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b) =>
        Short2<T>.Apply(SignedShort.Extend(a), SignedShort.Extend(b));
}

/// <summary>A 32-bit product of two sign-extended 16-bit operands.</summary>
internal readonly struct MulWideS16 : IBinary32
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b) => SignedShort.Extend(a) * SignedShort.Extend(b);
}

/// <summary>As <see cref="MulWideS16"/>, plus a 32-bit addend.</summary>
internal readonly struct MadWideS16 : ITernary32
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b, Vector512<uint> c) => MulWideS16.Apply(a, b) + c;
}

internal static class SignedShort
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Extend(Vector512<uint> a) => ((a << 16).AsInt32() >> 16).AsUInt32();
}

/// <summary>shr.s16: the sign is extended first, so shifts of 16 or more return the sign.</summary>
internal readonly struct ShortShiftRight : IBinary32
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b) =>
        Shifts.ShrS32.Apply(SignedShort.Extend(a), b) & Vector512.Create(0xFFFFu);
}
