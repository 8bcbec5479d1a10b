using System.Numerics;

namespace Sequoia.SoftwareGpu.Exec;

internal enum BarrierAction : byte
{
    Sync,
    Arrive,
    Popc,
    And,
    Or,
}

/// <summary>The lanes that must participate in a synchronizing instruction.</summary>
internal enum SyncRule : byte
{
    /// <summary>The lanes of the membership mask in A, at this instruction.</summary>
    Members,

    /// <summary>The lanes of the membership mask in A, at any warp barrier.</summary>
    AnyPlace,

    /// <summary>All lanes (<c>.aligned</c>).</summary>
    All,
}

/// <summary>Handlers of instructions that affect only control.</summary>
internal static unsafe class ControlOps
{
    public static void Trap(Warp w, Inst* i, uint m) =>
        throw w.Executor.Fault(DeviceFaultKind.Trap, w, i, BitOperations.TrailingZeroCount(m), "executes a trap");

    public static void WarpSync(Warp w, Inst* i, uint m)
    {
        // Participation is the only effect, and the interpreter has already ensured it.
    }

    // Earlier kernels have ended.
    public static void WaitForKernels(Warp w, Inst* i, uint m) => w.WaitedForKernels |= m;

    public static void Fence(Warp w, Inst* i, uint m)
    {
        if (i->B != 0)
            w.Executor.GlobalRaces?.Fence(w.Block);
    }
}
