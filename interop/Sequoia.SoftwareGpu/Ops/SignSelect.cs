using System.Numerics;
using Sequoia.SoftwareGpu.Exec;

namespace Sequoia.SoftwareGpu.Ops;

/// <summary>slct: selects by the sign of a third value.</summary>
internal static unsafe class SignSelect
{
    internal interface ISign
    {
        static abstract bool IsFirst(uint bits);
    }

    internal readonly struct Integer : ISign
    {
        public static bool IsFirst(uint bits) => (int)bits >= 0;
    }

    internal readonly struct Single : ISign
    {
        public static bool IsFirst(uint bits) => BitConverter.UInt32BitsToSingle(bits) >= 0;
    }

    /// <summary>Subnormal numbers count as zero.</summary>
    internal readonly struct Flushed : ISign
    {
        public static bool IsFirst(uint bits) => (bits & 0x7F80_0000) == 0 || Single.IsFirst(bits);
    }

    public static void Run<T, TSign>(Warp w, Inst* i, uint m)
        where T : unmanaged
        where TSign : struct, ISign
    {
        T* d = (T*)(w.Registers + i->D), a = (T*)(w.Registers + i->A), b = (T*)(w.Registers + i->B);
        uint* sign = (uint*)(w.Registers + i->C);
        for (uint rest = m; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            d[lane] = TSign.IsFirst(sign[lane]) ? a[lane] : b[lane];
        }
    }
}
