using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Sequoia.SoftwareGpu.Exec;

namespace Sequoia.SoftwareGpu.Ops;

/// <summary>Data exchange between the lanes of a warp.</summary>
internal static unsafe class WarpOps
{
    private interface ISourceLane
    {
        /// <summary>The lane to read from, and whether it is in the segment.</summary>
        static abstract bool TryFind(int lane, int distance, int first, int last, out int source);
    }

    private readonly struct Up : ISourceLane
    {
        public static bool TryFind(int lane, int distance, int first, int last, out int source)
        {
            // For up, the clamp is the lowest lane of the segment.
            source = lane - distance;
            return source >= last;
        }
    }

    private readonly struct Down : ISourceLane
    {
        public static bool TryFind(int lane, int distance, int first, int last, out int source)
        {
            source = lane + distance;
            return source <= last;
        }
    }

    private readonly struct Xor : ISourceLane
    {
        public static bool TryFind(int lane, int distance, int first, int last, out int source)
        {
            source = lane ^ distance;
            return source <= last;
        }
    }

    private readonly struct Index : ISourceLane
    {
        public static bool TryFind(int lane, int distance, int first, int last, out int source)
        {
            source = first | distance;
            return source <= last;
        }
    }

    public static void ShuffleUp(Warp w, Inst* i, uint m) => Shuffle<Up>(w, i, m);

    public static void ShuffleDown(Warp w, Inst* i, uint m) => Shuffle<Down>(w, i, m);

    public static void ShuffleIndex(Warp w, Inst* i, uint m) => Shuffle<Index>(w, i, m);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ShuffleXor(Warp w, Inst* i, uint m)
    {
        uint* distance = (uint*)(w.Registers + i->Extra[1]);
        uint* clamp = (uint*)(w.Registers + i->Extra[2]);

        // The common butterfly: the whole warp, one distance, no segments.
        Vector512<uint> first = Vector512.Create(distance[0]), whole = Vector512.Create(31u);
        bool isButterfly = m == Lanes.All && Vector512.Load(distance) == first && Vector512.Load(distance + 16) == first
            && Vector512.Load(clamp) == whole && Vector512.Load(clamp + 16) == whole;
        if (!isButterfly || !Avx512F.IsSupported)
        {
            Shuffle<Xor>(w, i, m);
            return;
        }

        uint* from = (uint*)(w.Registers + i->Extra[0]);
        Vector512<uint> low = Vector512.Load(from), high = Vector512.Load(from + 16);
        Vector512<uint> source = (Vector512<uint>.Indices ^ first) & whole;
        Vector512<uint> a = Avx512F.PermuteVar16x32x2(low, source, high);
        Vector512<uint> b = Avx512F.PermuteVar16x32x2(low, source ^ Vector512.Create(16u), high);
        a.Store((uint*)(w.Registers + i->D));
        b.Store((uint*)(w.Registers + i->D) + 16);
        *(uint*)(w.Registers + i->E) = uint.MaxValue;
    }

    private static void Shuffle<T>(Warp w, Inst* i, uint m)
        where T : struct, ISourceLane
    {
        uint* from = (uint*)(w.Registers + i->Extra[0]);
        uint* distances = (uint*)(w.Registers + i->Extra[1]);
        uint* controls = (uint*)(w.Registers + i->Extra[2]);
        uint* d = (uint*)(w.Registers + i->D);
        uint* values = stackalloc uint[32];
        Buffer.MemoryCopy(from, values, 128, 128);
        uint valid = 0, inactive = 0;
        for (uint rest = m; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            uint control = controls[lane];
            int segment = (int)(control >> 8) & 31, clamp = (int)control & 31;
            int first = lane & segment;
            int last = first | (clamp & ~segment);
            bool isInside = T.TryFind(lane, (int)(distances[lane] & 31 & (typeof(T) == typeof(Index) ? ~(uint)segment : 31)), first, last, out int source);
            if (isInside)
                valid |= 1u << lane;
            else
                source = lane;
            if ((m >> source & 1) == 0)
                inactive |= 1u << lane;
            d[lane] = values[source];
        }

        Lanes.StorePredicate(w.Registers + i->E, m, valid);
        if (inactive != 0 && w.Executor.Checks)
            w.Executor.Report(FindingKind.InactiveLanes, w, i, BitOperations.TrailingZeroCount(inactive), "reads the value of a lane that does not execute it");
    }

    public static void VoteAll(Warp w, Inst* i, uint m) =>
        Lanes.StorePredicate(w.Registers + i->D, m, (Votes(w, i) & m) == m ? uint.MaxValue : 0);

    public static void VoteAny(Warp w, Inst* i, uint m) =>
        Lanes.StorePredicate(w.Registers + i->D, m, (Votes(w, i) & m) != 0 ? uint.MaxValue : 0);

    public static void VoteUniform(Warp w, Inst* i, uint m)
    {
        uint votes = Votes(w, i) & m;
        Lanes.StorePredicate(w.Registers + i->D, m, votes == m || votes == 0 ? uint.MaxValue : 0);
    }

    public static void Ballot(Warp w, Inst* i, uint m) => Broadcast(w, i, m, Votes(w, i) & m);

    public static void ActiveMask(Warp w, Inst* i, uint m) => Broadcast(w, i, m, m);

    /// <summary>The lowest lane leads.</summary>
    public static void Elect(Warp w, Inst* i, uint m)
    {
        int leader = BitOperations.TrailingZeroCount(m);
        Broadcast(w, i, m, (uint)leader);
        Lanes.StorePredicate(w.Registers + i->E, m, 1u << leader);
    }

    public static void MatchAny<T>(Warp w, Inst* i, uint m)
        where T : unmanaged, IEquatable<T>
    {
        T* values = (T*)(w.Registers + i->C);
        uint* d = (uint*)(w.Registers + i->D);
        for (uint rest = m; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            uint equal = 0;
            for (uint others = m; others != 0; others &= others - 1)
            {
                int other = BitOperations.TrailingZeroCount(others);
                if (values[other].Equals(values[lane]))
                    equal |= 1u << other;
            }

            d[lane] = equal;
        }
    }

    public static void MatchAll<T>(Warp w, Inst* i, uint m)
        where T : unmanaged, IEquatable<T>
    {
        T* values = (T*)(w.Registers + i->C);
        T first = values[BitOperations.TrailingZeroCount(m)];
        bool all = true;
        for (uint rest = m; rest != 0; rest &= rest - 1)
            all &= values[BitOperations.TrailingZeroCount(rest)].Equals(first);
        Broadcast(w, i, m, all ? m : 0);
        Lanes.StorePredicate(w.Registers + i->E, m, all ? uint.MaxValue : 0);
    }

    public static void Reduce<T>(Warp w, Inst* i, uint m)
        where T : struct, IAtomic<uint>
    {
        uint* values = (uint*)(w.Registers + i->C);
        uint result = values[BitOperations.TrailingZeroCount(m)];
        for (uint rest = m & (m - 1); rest != 0; rest &= rest - 1)
            result = T.Apply(result, values[BitOperations.TrailingZeroCount(rest)], 0);
        Broadcast(w, i, m, result);
    }

    private static uint Votes(Warp w, Inst* i) => *(uint*)(w.Registers + i->C) ^ (uint)i->Immediate;

    private static void Broadcast(Warp w, Inst* i, uint m, uint value)
    {
        Vector512<uint> all = Vector512.Create(value);
        Lanes.Store(w.Registers + i->D, m, all, all);
    }
}
