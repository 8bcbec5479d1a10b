using System.Numerics;
using System.Runtime.CompilerServices;
using Sequoia.SoftwareGpu.Exec;
using Sequoia.SoftwareGpu.Ops;

namespace Sequoia.SoftwareGpu.Mem;

/// <summary>The handlers of atom and red. Lanes run one after another, with real atomics if several threads run blocks.</summary>
internal static unsafe class AtomicAccess
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<TWidth, TSpace, TMode, TValue, T>(Warp w, Inst* i, uint m)
        where TWidth : struct, IAddressWidth
        where TSpace : struct, ISpace
        where TMode : struct, IMode
        where TValue : unmanaged
        where T : struct, IAtomic<TValue>
    {
        byte* host = Resolver.Resolve<TWidth, TSpace, TMode>(w, i, m, sizeof(TValue), Access.Atomic, out Pattern* pattern);
        TValue* b = (TValue*)(w.Registers + i->B);
        TValue* c = (TValue*)(w.Registers + i->C);
        TValue* d = (TValue*)(w.Registers + i->D);
        bool isConcurrent = w.Executor.IsConcurrent;
        for (uint rest = m; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            TValue* at = (TValue*)(host + pattern->Delta[lane]);
            if (isConcurrent)
            {
                d[lane] = Swap<TValue, T>(at, b[lane], c[lane]);
                continue;
            }

            TValue old = *at;
            *at = T.Apply(old, b[lane], c[lane]);
            d[lane] = old;
        }
    }

    /// <summary>
    /// atom.cas.b16. The host has no such instruction. A lock makes it atomic with respect to other 16-bit atomics.
    /// </summary>
    public static void ShortCas<TSpace, TMode>(Warp w, Inst* i, uint m)
        where TSpace : struct, ISpace
        where TMode : struct, IMode
    {
        byte* host = Resolver.Resolve<Wide, TSpace, TMode>(w, i, m, 2, Access.Atomic, out Pattern* pattern);
        uint* b = (uint*)(w.Registers + i->B);
        uint* c = (uint*)(w.Registers + i->C);
        uint* d = (uint*)(w.Registers + i->D);
        lock (w.Executor.Memory.ShortAtomics)
        {
            for (uint rest = m; rest != 0; rest &= rest - 1)
            {
                int lane = BitOperations.TrailingZeroCount(rest);
                ushort* at = (ushort*)(host + pattern->Delta[lane]);
                ushort old = *at;
                if (old == (ushort)b[lane])
                    *at = (ushort)c[lane];
                d[lane] = old;
            }
        }
    }

    private static TValue Swap<TValue, T>(TValue* at, TValue b, TValue c)
        where TValue : unmanaged
        where T : struct, IAtomic<TValue>
    {
        for (; ; )
        {
            TValue old = *at;
            TValue next = T.Apply(old, b, c);
            if (sizeof(TValue) == 4)
            {
                if (Interlocked.CompareExchange(ref *(uint*)at, *(uint*)&next, *(uint*)&old) == *(uint*)&old)
                    return old;
            }
            else if (Interlocked.CompareExchange(ref *(ulong*)at, *(ulong*)&next, *(ulong*)&old) == *(ulong*)&old)
            {
                return old;
            }
        }
    }
}
