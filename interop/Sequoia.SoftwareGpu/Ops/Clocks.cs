using System.Runtime.Intrinsics;
using Sequoia.SoftwareGpu.Exec;

namespace Sequoia.SoftwareGpu.Ops;

/// <summary>
/// The clocks. They count the warp's executed slices and instructions, not time. The same launch always reads the same values.
/// </summary>
internal static unsafe class Clocks
{
    public static Handler Handler(string name) => name switch
    {
        "%clock" or "%clock_hi" or "%globaltimer_lo" or "%globaltimer_hi" => new Handler(&Read32),
        "%clock64" or "%globaltimer" => new Handler(&Read64),
        _ => default,
    };

    public static bool IsWide(string name) => name is "%clock64" or "%globaltimer";

    private static void Read32(Warp w, Inst* i, uint m)
    {
        Vector512<uint> now = Vector512.Create((uint)w.Executor.Tick());
        Lanes.Store(w.Registers + i->D, m, now, now);
    }

    private static void Read64(Warp w, Inst* i, uint m)
    {
        Vector512<ulong> now = Vector512.Create((ulong)w.Executor.Tick());
        for (int lane = 0; lane < 32; lane += 8)
            Lanes.Store8((ulong*)(w.Registers + i->D) + lane, m >> lane, now);
    }
}
