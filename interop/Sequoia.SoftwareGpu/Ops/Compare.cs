using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sequoia.SoftwareGpu.Exec;

namespace Sequoia.SoftwareGpu.Ops;

/// <summary>A comparison of sixteen 32-bit lanes. All ones where it is true.</summary>
internal interface ICompare32
{
    static abstract Vector512<uint> Test(Vector512<uint> a, Vector512<uint> b);
}

/// <summary>A comparison of eight 64-bit lanes.</summary>
internal interface ICompare64
{
    static abstract Vector512<ulong> Test(Vector512<ulong> a, Vector512<ulong> b);
}

/// <summary>How setp combines its result with another predicate.</summary>
internal interface ICombine
{
    static abstract uint Apply(uint result, uint predicate);
}

/// <summary>Comparisons, and the handlers of setp and selp.</summary>
internal static unsafe class Compare
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    internal readonly struct Eq32 : ICompare32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Test(Vector512<uint> a, Vector512<uint> b) => Vector512.Equals(a, b);
    }

    internal readonly struct LtS32 : ICompare32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Test(Vector512<uint> a, Vector512<uint> b) => Vector512.LessThan(a.AsInt32(), b.AsInt32()).AsUInt32();
    }

    internal readonly struct LtU32 : ICompare32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Test(Vector512<uint> a, Vector512<uint> b) => Vector512.LessThan(a, b);
    }

    internal readonly struct EqF32 : ICompare32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Test(Vector512<uint> a, Vector512<uint> b) => Vector512.Equals(a.AsSingle(), b.AsSingle()).AsUInt32();
    }

    internal readonly struct LtF32 : ICompare32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Test(Vector512<uint> a, Vector512<uint> b) => Vector512.LessThan(a.AsSingle(), b.AsSingle()).AsUInt32();
    }

    internal readonly struct LeF32 : ICompare32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Test(Vector512<uint> a, Vector512<uint> b) => Vector512.LessThanOrEqual(a.AsSingle(), b.AsSingle()).AsUInt32();
    }

    /// <summary>Both operands are numbers.</summary>
    internal readonly struct NumF32 : ICompare32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Test(Vector512<uint> a, Vector512<uint> b) =>
            (Vector512.Equals(a.AsSingle(), a.AsSingle()) & Vector512.Equals(b.AsSingle(), b.AsSingle())).AsUInt32();
    }

    /// <summary>Both operands are numbers and differ.</summary>
    internal readonly struct NeF32 : ICompare32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Test(Vector512<uint> a, Vector512<uint> b) => NumF32.Test(a, b) & ~EqF32.Test(a, b);
    }

    internal readonly struct FtzTest<T> : ICompare32
        where T : struct, ICompare32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Test(Vector512<uint> a, Vector512<uint> b) => T.Test(FloatOps.Flush(a), FloatOps.Flush(b));
    }

    internal readonly struct SignedShortTest<T> : ICompare32
        where T : struct, ICompare32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Test(Vector512<uint> a, Vector512<uint> b) => T.Test(SignedShort.Extend(a), SignedShort.Extend(b));
    }

    internal readonly struct Not32<T> : ICompare32
        where T : struct, ICompare32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Test(Vector512<uint> a, Vector512<uint> b) => ~T.Test(a, b);
    }

    internal readonly struct Swap32<T> : ICompare32
        where T : struct, ICompare32
    {
        [MethodImpl(Inline)]
        public static Vector512<uint> Test(Vector512<uint> a, Vector512<uint> b) => T.Test(b, a);
    }

    internal readonly struct Eq64 : ICompare64
    {
        [MethodImpl(Inline)]
        public static Vector512<ulong> Test(Vector512<ulong> a, Vector512<ulong> b) => Vector512.Equals(a, b);
    }

    internal readonly struct LtS64 : ICompare64
    {
        [MethodImpl(Inline)]
        public static Vector512<ulong> Test(Vector512<ulong> a, Vector512<ulong> b) => Vector512.LessThan(a.AsInt64(), b.AsInt64()).AsUInt64();
    }

    internal readonly struct LtU64 : ICompare64
    {
        [MethodImpl(Inline)]
        public static Vector512<ulong> Test(Vector512<ulong> a, Vector512<ulong> b) => Vector512.LessThan(a, b);
    }

    internal readonly struct EqF64 : ICompare64
    {
        [MethodImpl(Inline)]
        public static Vector512<ulong> Test(Vector512<ulong> a, Vector512<ulong> b) => Vector512.Equals(a.AsDouble(), b.AsDouble()).AsUInt64();
    }

    internal readonly struct LtF64 : ICompare64
    {
        [MethodImpl(Inline)]
        public static Vector512<ulong> Test(Vector512<ulong> a, Vector512<ulong> b) => Vector512.LessThan(a.AsDouble(), b.AsDouble()).AsUInt64();
    }

    internal readonly struct LeF64 : ICompare64
    {
        [MethodImpl(Inline)]
        public static Vector512<ulong> Test(Vector512<ulong> a, Vector512<ulong> b) => Vector512.LessThanOrEqual(a.AsDouble(), b.AsDouble()).AsUInt64();
    }

    internal readonly struct NumF64 : ICompare64
    {
        [MethodImpl(Inline)]
        public static Vector512<ulong> Test(Vector512<ulong> a, Vector512<ulong> b) =>
            (Vector512.Equals(a.AsDouble(), a.AsDouble()) & Vector512.Equals(b.AsDouble(), b.AsDouble())).AsUInt64();
    }

    internal readonly struct NeF64 : ICompare64
    {
        [MethodImpl(Inline)]
        public static Vector512<ulong> Test(Vector512<ulong> a, Vector512<ulong> b) => NumF64.Test(a, b) & ~EqF64.Test(a, b);
    }

    internal readonly struct Not64<T> : ICompare64
        where T : struct, ICompare64
    {
        [MethodImpl(Inline)]
        public static Vector512<ulong> Test(Vector512<ulong> a, Vector512<ulong> b) => ~T.Test(a, b);
    }

    internal readonly struct Swap64<T> : ICompare64
        where T : struct, ICompare64
    {
        [MethodImpl(Inline)]
        public static Vector512<ulong> Test(Vector512<ulong> a, Vector512<ulong> b) => T.Test(b, a);
    }

    internal readonly struct CombineAnd : ICombine
    {
        public static uint Apply(uint result, uint predicate) => result & predicate;
    }

    internal readonly struct CombineOr : ICombine
    {
        public static uint Apply(uint result, uint predicate) => result | predicate;
    }

    internal readonly struct CombineXor : ICombine
    {
        public static uint Apply(uint result, uint predicate) => result ^ predicate;
    }

    [MethodImpl(Inline)]
    private static uint Bits32<T>(byte* r, Inst* i)
        where T : struct, ICompare32
    {
        uint* a = (uint*)(r + i->A);
        uint* b = (uint*)(r + i->B);
        return (uint)Vector512.ExtractMostSignificantBits(T.Test(Vector512.Load(a), Vector512.Load(b)))
            | ((uint)Vector512.ExtractMostSignificantBits(T.Test(Vector512.Load(a + 16), Vector512.Load(b + 16))) << 16);
    }

    [MethodImpl(Inline)]
    private static uint Bits64<T>(byte* r, Inst* i)
        where T : struct, ICompare64
    {
        ulong* a = (ulong*)(r + i->A);
        ulong* b = (ulong*)(r + i->B);
        uint bits = 0;
        for (int lane = 0; lane < 32; lane += 8)
            bits |= (uint)Vector512.ExtractMostSignificantBits(T.Test(Vector512.Load(a + lane), Vector512.Load(b + lane))) << lane;
        return bits;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Set32<T>(Warp w, Inst* i, uint m)
        where T : struct, ICompare32 => Lanes.StorePredicate(w.Registers + i->D, m, Bits32<T>(w.Registers, i));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Set64<T>(Warp w, Inst* i, uint m)
        where T : struct, ICompare64 => Lanes.StorePredicate(w.Registers + i->D, m, Bits64<T>(w.Registers, i));

    /// <summary>With a second predicate to combine (C, inverted by Immediate) and an optional complementary result (E).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void SetCombined32<T, TCombine>(Warp w, Inst* i, uint m)
        where T : struct, ICompare32
        where TCombine : struct, ICombine => StoreCombined<TCombine>(w.Registers, i, m, Bits32<T>(w.Registers, i));

    /// <inheritdoc cref="SetCombined32{T, TCombine}"/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void SetCombined64<T, TCombine>(Warp w, Inst* i, uint m)
        where T : struct, ICompare64
        where TCombine : struct, ICombine => StoreCombined<TCombine>(w.Registers, i, m, Bits64<T>(w.Registers, i));

    [MethodImpl(Inline)]
    private static void StoreCombined<TCombine>(byte* r, Inst* i, uint m, uint bits)
        where TCombine : struct, ICombine
    {
        uint other = *(uint*)(r + i->C) ^ (uint)i->Immediate;
        uint first = TCombine.Apply(bits, other);
        uint second = TCombine.Apply(~bits, other);
        Lanes.StorePredicate(r + i->D, m, first);
        Lanes.StorePredicate(r + i->E, m, second);
    }

    /// <summary>A comparison as 0 or all ones in a 32-bit register (set).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Value32<T>(Warp w, Inst* i, uint m)
        where T : struct, ICompare32
    {
        uint bits = Bits32<T>(w.Registers, i);
        Vector512<uint> one = Vector512.Create((uint)i->Immediate);
        Lanes.Store(w.Registers + i->D, m, Lanes.Mask32(bits) & one, Lanes.Mask32(bits >> 16) & one);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Select32(Warp w, Inst* i, uint m)
    {
        byte* r = w.Registers;
        uint bits = *(uint*)(r + i->C) ^ (uint)i->Immediate;
        uint* a = (uint*)(r + i->A);
        uint* b = (uint*)(r + i->B);
        Lanes.Store(
            r + i->D,
            m,
            Vector512.ConditionalSelect(Lanes.Mask32(bits), Vector512.Load(a), Vector512.Load(b)),
            Vector512.ConditionalSelect(Lanes.Mask32(bits >> 16), Vector512.Load(a + 16), Vector512.Load(b + 16)));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Select64(Warp w, Inst* i, uint m)
    {
        byte* r = w.Registers;
        uint bits = *(uint*)(r + i->C) ^ (uint)i->Immediate;
        ulong* a = (ulong*)(r + i->A);
        ulong* b = (ulong*)(r + i->B);
        ulong* d = (ulong*)(r + i->D);
        for (int lane = 0; lane < 32; lane += 8)
        {
            Lanes.Store8(
                d + lane,
                m >> lane,
                Vector512.ConditionalSelect(Lanes.Mask64(bits >> lane), Vector512.Load(a + lane), Vector512.Load(b + lane)));
        }
    }
}
