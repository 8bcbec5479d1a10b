using System.Text;

namespace Sequoia.SoftwareGpu.Exec;

/// <summary>
/// Runs the blocks assigned to one executor, usually one after the other. A block that does not end in its turn stays resident while the next one
/// joins, so that blocks can wait for each other.
/// </summary>
internal sealed class Scheduler(Executor executor, Launch launch, Func<long> nextBlock)
{
    /// <summary>Long enough that ordinary warps end or reach a barrier within a slice.</summary>
    private const long Slice = 1 << 22;

    /// <summary>The number of blocks that alternate in the random schedules.</summary>
    private const int RandomResidents = 6;

    private readonly List<Block> _resident = [];
    private ulong _random = launch.Options.Seed * 0x9E37_79B9_7F4A_7C15 + 0x1234_5678_9ABC_DEF1;
    private bool _isExhausted;

    public void Run()
    {
        if (launch.Options.Schedule == Schedule.InOrder)
            RunInOrder();
        else
            RunRandom(launch.Options.Schedule == Schedule.Adversarial);
    }

    private bool TryAdmit()
    {
        long number = _isExhausted ? -1 : nextBlock();
        if (number < 0)
        {
            _isExhausted = true;
            return false;
        }

        _resident.Add(executor.Admit(number));
        return true;
    }

    private void RunInOrder()
    {
        while (TryAdmit() || _resident.Count > 0)
        {
            for (int k = 0; k < _resident.Count; k++)
            {
                Block block = _resident[k];
                Turn(block);
                if (block.RunningWarps == 0)
                {
                    executor.Retire(block);
                    _resident.RemoveAt(k--);
                }
            }
        }
    }

    /// <summary>Runs a block's warps until all of them end, or until every runnable warp has used a slice.</summary>
    private void Turn(Block block)
    {
        for (; ; )
        {
            bool ranToWait = false, ranAtAll = false;
            foreach (Warp w in block.Warps)
            {
                if (w.State != WarpState.Ready)
                    continue;
                ranAtAll = true;
                w.Pause = Pause.None;
                RunWarp(w, Slice);
                ranToWait |= w.State != WarpState.Ready || w.Pause == Pause.Yield;
            }

            if (block.RunningWarps == 0)
                return;
            if (!ranAtAll && !block.Copies.TryLandAwaited(0))
                throw Deadlock(block);
            ranToWait |= !ranAtAll;
            if (!ranToWait)
                return;
        }
    }

    private void RunWarp(Warp w, long slice)
    {
        w.Slice = slice;
        Interpreter.Run(w);
        Account(w, slice);
    }

    private void Account(Warp w, long slice)
    {
        executor.Executed += slice - w.Slice;
        if (w.State == WarpState.Finished)
        {
            w.Block.RunningWarps--;
            w.Block.Barriers.Leave(w.Block);
        }

        if (executor.Executed > launch.Options.InstructionBudget)
            ThrowBudget(w);
    }

    private unsafe void ThrowBudget(Warp w) => throw executor.Fault(
        DeviceFaultKind.InstructionBudgetExceeded, w, w.Code + w.Pc, 0, $"was reached after the launch's budget of {launch.Options.InstructionBudget} warp instructions");

    private void RunRandom(bool isAdversarial)
    {
        while (_resident.Count < RandomResidents && TryAdmit())
        {
        }

        while (_resident.Count > 0)
        {
            Block block = _resident[(int)(Next() % (ulong)_resident.Count)];
            if (block.Copies.Count > 0 && Next() % 16 == 0)
                block.Copies.Land(Next());
            Warp? w = PickReady(block);
            if (w is null)
            {
                // Another block cannot complete this block's barriers. Without a copy that does, this wait would never end.
                if (block.Copies.TryLandAwaited(Next()))
                    continue;
                throw Deadlock(block);
            }

            long slice = 1 + (long)(Next() % (Next() % 4 == 0 ? 512ul : 24ul));
            w.Slice = slice;
            if (isAdversarial)
            {
                (w.Fragments ??= new Fragments()).Run(w, ref _random);
            }
            else
            {
                while (w.Slice > 0 && w.State == WarpState.Ready)
                    Interpreter.Step(w);
            }

            Account(w, slice);
            if (block.RunningWarps == 0)
            {
                executor.Retire(block);
                _resident.Remove(block);
                TryAdmit();
            }
        }
    }

    private Warp? PickReady(Block block)
    {
        int start = (int)(Next() % (ulong)block.Warps.Length);
        for (int k = 0; k < block.Warps.Length; k++)
        {
            Warp w = block.Warps[(start + k) % block.Warps.Length];
            if (w.State == WarpState.Ready)
                return w;
        }

        return null;
    }

    private ulong Next() => SplitMix.Next(ref _random);

    private unsafe DeviceFault Deadlock(Block block)
    {
        StringBuilder text = new("waits for ever; ");
        Warp? first = null;
        foreach (Warp w in block.Warps)
        {
            if (w.State != WarpState.Finished)
            {
                first ??= w;
                string barrier = w.State == WarpState.AtBarrier ? block.Barriers.Describe(w) : "a wait for an mbarrier";
                text.Append($"warp {w.Index} is at {barrier} (PTX line {executor.PlaceOf(w.Code + w.Pc).Line}); ");
            }
            else
            {
                text.Append($"warp {w.Index} has ended; ");
            }
        }

        text.Append(block.MBarriers.Describe());
        text.Length -= 2;
        return executor.Fault(DeviceFaultKind.Deadlock, first!, first!.Code + first.Pc, 0, text.ToString());
    }
}
