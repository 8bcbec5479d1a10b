using System.Numerics;
using System.Runtime.CompilerServices;
using Sequoia.SoftwareGpu.Exec;

namespace Sequoia.SoftwareGpu.Ops;

internal interface IScalarUnary<TIn, TOut>
    where TIn : unmanaged
    where TOut : unmanaged
{
    static abstract TOut Apply(TIn a);
}

internal interface IScalarBinary<TIn, TOut>
    where TIn : unmanaged
    where TOut : unmanaged
{
    static abstract TOut Apply(TIn a, TIn b);
}

internal interface IScalarTernary<T>
    where T : unmanaged
{
    static abstract T Apply(T a, T b, T c);
}

internal interface IScalarQuaternary
{
    static abstract uint Apply(uint a, uint b, uint c, uint d);
}

/// <summary>Handlers that process lanes one by one, for operations that have no vector instruction or are rare.</summary>
internal static unsafe class ScalarShapes
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Unary<TIn, TOut, T>(Warp w, Inst* i, uint m)
        where TIn : unmanaged
        where TOut : unmanaged
        where T : struct, IScalarUnary<TIn, TOut>
    {
        TIn* a = (TIn*)(w.Registers + i->A);
        TOut* d = (TOut*)(w.Registers + i->D);
        for (uint rest = m; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            d[lane] = T.Apply(a[lane]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Binary<TIn, TOut, T>(Warp w, Inst* i, uint m)
        where TIn : unmanaged
        where TOut : unmanaged
        where T : struct, IScalarBinary<TIn, TOut>
    {
        TIn* a = (TIn*)(w.Registers + i->A);
        TIn* b = (TIn*)(w.Registers + i->B);
        TOut* d = (TOut*)(w.Registers + i->D);
        for (uint rest = m; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            d[lane] = T.Apply(a[lane], b[lane]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Ternary<TValue, T>(Warp w, Inst* i, uint m)
        where TValue : unmanaged
        where T : struct, IScalarTernary<TValue>
    {
        TValue* a = (TValue*)(w.Registers + i->A);
        TValue* b = (TValue*)(w.Registers + i->B);
        TValue* c = (TValue*)(w.Registers + i->C);
        TValue* d = (TValue*)(w.Registers + i->D);
        for (uint rest = m; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            d[lane] = T.Apply(a[lane], b[lane], c[lane]);
        }
    }

    /// <summary>A 64-bit value with two 32-bit ones: bit fields.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Field64<T>(Warp w, Inst* i, uint m)
        where T : struct, IScalarTernary<ulong>
    {
        ulong* a = (ulong*)(w.Registers + i->A);
        uint* b = (uint*)(w.Registers + i->B);
        uint* c = (uint*)(w.Registers + i->C);
        ulong* d = (ulong*)(w.Registers + i->D);
        for (uint rest = m; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            d[lane] = T.Apply(a[lane], b[lane], c[lane]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Quaternary<T>(Warp w, Inst* i, uint m)
        where T : struct, IScalarQuaternary
    {
        uint* a = (uint*)(w.Registers + i->A);
        uint* b = (uint*)(w.Registers + i->B);
        uint* c = (uint*)(w.Registers + i->C);
        uint* e = (uint*)(w.Registers + i->E);
        uint* d = (uint*)(w.Registers + i->D);
        for (uint rest = m; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            d[lane] = T.Apply(a[lane], b[lane], c[lane], e[lane]);
        }
    }
}
