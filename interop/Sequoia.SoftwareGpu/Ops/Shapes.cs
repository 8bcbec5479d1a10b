using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sequoia.SoftwareGpu.Exec;

namespace Sequoia.SoftwareGpu.Ops;

internal interface IUnary32
{
    static abstract Vector512<uint> Apply(Vector512<uint> a);
}

internal interface IBinary32
{
    static abstract Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b);
}

internal interface ITernary32
{
    static abstract Vector512<uint> Apply(Vector512<uint> a, Vector512<uint> b, Vector512<uint> c);
}

internal interface IUnary64
{
    static abstract Vector512<ulong> Apply(Vector512<ulong> a);
}

internal interface IBinary64
{
    static abstract Vector512<ulong> Apply(Vector512<ulong> a, Vector512<ulong> b);
}

internal interface ITernary64
{
    static abstract Vector512<ulong> Apply(Vector512<ulong> a, Vector512<ulong> b, Vector512<ulong> c);
}

/// <summary>32-bit sources and a 64-bit result.</summary>
internal interface IWiden
{
    static abstract Vector512<ulong> Apply(Vector256<uint> a, Vector256<uint> b);
}

/// <summary>A 64-bit source and a 32-bit result.</summary>
internal interface INarrow
{
    static abstract Vector256<uint> Apply(Vector512<ulong> a);
}

/// <summary>
/// Handlers by operand shape. The operation is a type, so that each combination compiles to its own code. A handler steps through the run of
/// instructions that share it, so that dispatch costs only once per run.
/// </summary>
internal static unsafe class Shapes
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Unary32<T>(Warp w, Inst* i, uint m)
        where T : struct, IUnary32
    {
        byte* r = w.Registers;
        Inst* end = i + i->Repeat;
        do
        {
            uint* a = (uint*)(r + i->A);
            Lanes.Store(r + i->D, m, T.Apply(Vector512.Load(a)), T.Apply(Vector512.Load(a + 16)));
        }
        while (++i < end);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Binary32<T>(Warp w, Inst* i, uint m)
        where T : struct, IBinary32
    {
        byte* r = w.Registers;
        Inst* end = i + i->Repeat;
        do
        {
            uint* a = (uint*)(r + i->A);
            uint* b = (uint*)(r + i->B);
            Lanes.Store(
                r + i->D,
                m,
                T.Apply(Vector512.Load(a), Vector512.Load(b)),
                T.Apply(Vector512.Load(a + 16), Vector512.Load(b + 16)));
        }
        while (++i < end);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Ternary32<T>(Warp w, Inst* i, uint m)
        where T : struct, ITernary32
    {
        byte* r = w.Registers;
        Inst* end = i + i->Repeat;
        do
        {
            uint* a = (uint*)(r + i->A);
            uint* b = (uint*)(r + i->B);
            uint* c = (uint*)(r + i->C);
            Lanes.Store(
                r + i->D,
                m,
                T.Apply(Vector512.Load(a), Vector512.Load(b), Vector512.Load(c)),
                T.Apply(Vector512.Load(a + 16), Vector512.Load(b + 16), Vector512.Load(c + 16)));
        }
        while (++i < end);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Unary64<T>(Warp w, Inst* i, uint m)
        where T : struct, IUnary64
    {
        byte* r = w.Registers;
        ulong* a = (ulong*)(r + i->A);
        ulong* d = (ulong*)(r + i->D);
        for (int lane = 0; lane < 32; lane += 8)
            Lanes.Store8(d + lane, m >> lane, T.Apply(Vector512.Load(a + lane)));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Binary64<T>(Warp w, Inst* i, uint m)
        where T : struct, IBinary64
    {
        byte* r = w.Registers;
        ulong* a = (ulong*)(r + i->A);
        ulong* b = (ulong*)(r + i->B);
        ulong* d = (ulong*)(r + i->D);
        for (int lane = 0; lane < 32; lane += 8)
            Lanes.Store8(d + lane, m >> lane, T.Apply(Vector512.Load(a + lane), Vector512.Load(b + lane)));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Ternary64<T>(Warp w, Inst* i, uint m)
        where T : struct, ITernary64
    {
        byte* r = w.Registers;
        ulong* a = (ulong*)(r + i->A);
        ulong* b = (ulong*)(r + i->B);
        ulong* c = (ulong*)(r + i->C);
        ulong* d = (ulong*)(r + i->D);
        for (int lane = 0; lane < 32; lane += 8)
            Lanes.Store8(d + lane, m >> lane, T.Apply(Vector512.Load(a + lane), Vector512.Load(b + lane), Vector512.Load(c + lane)));
    }

    /// <summary>A 64-bit value and a 32-bit one: 64-bit shifts.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Shift64<T>(Warp w, Inst* i, uint m)
        where T : struct, IBinary64
    {
        byte* r = w.Registers;
        ulong* a = (ulong*)(r + i->A);
        uint* b = (uint*)(r + i->B);
        ulong* d = (ulong*)(r + i->D);
        for (int lane = 0; lane < 32; lane += 8)
        {
            (Vector256<ulong> low, Vector256<ulong> high) = Vector256.Widen(Vector256.Load(b + lane));
            Lanes.Store8(d + lane, m >> lane, T.Apply(Vector512.Load(a + lane), Vector512.Create(low, high)));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Widen<T>(Warp w, Inst* i, uint m)
        where T : struct, IWiden
    {
        byte* r = w.Registers;
        uint* a = (uint*)(r + i->A);
        uint* b = (uint*)(r + i->B);
        ulong* d = (ulong*)(r + i->D);
        for (int lane = 0; lane < 32; lane += 8)
            Lanes.Store8(d + lane, m >> lane, T.Apply(Vector256.Load(a + lane), Vector256.Load(b + lane)));
    }

    /// <summary>A widening product plus a 64-bit addend.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void WidenAdd<T>(Warp w, Inst* i, uint m)
        where T : struct, IWiden
    {
        byte* r = w.Registers;
        uint* a = (uint*)(r + i->A);
        uint* b = (uint*)(r + i->B);
        ulong* c = (ulong*)(r + i->C);
        ulong* d = (ulong*)(r + i->D);
        for (int lane = 0; lane < 32; lane += 8)
            Lanes.Store8(d + lane, m >> lane, T.Apply(Vector256.Load(a + lane), Vector256.Load(b + lane)) + Vector512.Load(c + lane));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Narrow<T>(Warp w, Inst* i, uint m)
        where T : struct, INarrow
    {
        byte* r = w.Registers;
        ulong* a = (ulong*)(r + i->A);
        Lanes.Store(
            r + i->D,
            m,
            Vector512.Create(T.Apply(Vector512.Load(a)), T.Apply(Vector512.Load(a + 8))),
            Vector512.Create(T.Apply(Vector512.Load(a + 16)), T.Apply(Vector512.Load(a + 24))));
    }
}
