using System.Numerics;

namespace Sequoia.SoftwareGpu.Exec;

/// <summary>Determines whether all the lanes that an instruction names participate in it.</summary>
internal static unsafe class SyncMembers
{
    /// <summary>The lanes that an instruction waits for. B contains the rule, A the membership mask.</summary>
    public static uint Named(Warp w, Inst* i, uint m) => (SyncRule)i->B == SyncRule.All
        ? Lanes.All
        : ((uint*)(w.Registers + i->A))[BitOperations.TrailingZeroCount(m)];

    public static void Check(Warp w, Inst* i, uint m)
    {
        SyncRule rule = (SyncRule)i->B;
        if (rule == SyncRule.All)
        {
            if (m != Lanes.All)
                throw w.Executor.Fault(DeviceFaultKind.IllegalInstruction, w, i, BitOperations.TrailingZeroCount(m), $"needs all 32 lanes, but only lanes {Describe(m)} execute it", FindingKind.InactiveLanes);
            return;
        }

        if (!w.Executor.Checks)
            return;
        uint named = Named(w, i, m);
        if ((m & ~named) != 0)
            w.Executor.Report(FindingKind.InactiveLanes, w, i, BitOperations.TrailingZeroCount(m & ~named), $"is executed by lanes {Describe(m & ~named)}, which its mask 0x{named:x8} does not name");
        else if ((named & w.Live & ~m) != 0 && rule == SyncRule.Members)
            w.Executor.Report(FindingKind.InactiveLanes, w, i, BitOperations.TrailingZeroCount(m), $"names lanes {Describe(named & w.Live & ~m)}, which do not execute it");
    }

    /// <summary>Lanes as ranges: "0-3, 7".</summary>
    public static string Describe(uint mask)
    {
        List<string> parts = [];
        for (int lane = 0; lane < 32; lane++)
        {
            if ((mask >> lane & 1) == 0)
                continue;
            int first = lane;
            while (lane < 31 && (mask >> (lane + 1) & 1) != 0)
                lane++;
            parts.Add(first == lane ? $"{first}" : $"{first}-{lane}");
        }

        return string.Join(", ", parts);
    }
}
