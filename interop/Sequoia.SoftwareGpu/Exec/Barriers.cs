using System.Numerics;

namespace Sequoia.SoftwareGpu.Exec;

/// <summary>The sixteen barriers of a block. A waiting warp is only a state; no thread blocks.</summary>
internal sealed unsafe class Barriers
{
    public const int Count = 16;

    private readonly State[] _states = new State[Count];

    public Barriers()
    {
        for (int k = 0; k < Count; k++)
            _states[k] = new State();
    }

    /// <summary>The number of barriers completed since the block started.</summary>
    public int Completed { get; private set; }

    private sealed class State
    {
        public List<Warp> Waiting { get; } = [];

        /// <summary>The warps that only arrived and do not wait.</summary>
        public List<Warp> Arrived { get; } = [];

        /// <summary>The thread count given to the barrier, or -1.</summary>
        public int Threads { get; set; } = -1;

        public BarrierAction Action { get; set; }

        public int Popc { get; set; }

        public bool All { get; set; } = true;

        public bool Any { get; set; }

        public bool IsIdle => Waiting.Count == 0 && Arrived.Count == 0;

        public void Reset()
        {
            Waiting.Clear();
            Arrived.Clear();
            Threads = -1;
            Popc = 0;
            All = true;
            Any = false;
        }
    }

    public void Reset()
    {
        Completed = 0;
        foreach (State state in _states)
            state.Reset();
    }

    /// <summary>A warp arrives with all its live lanes.</summary>
    public void Arrive(Warp w, Inst* i, uint m)
    {
        int lane = BitOperations.TrailingZeroCount(m);
        uint number = ((uint*)(w.Registers + i->A))[lane];
        int threads = i->B < 0 ? -1 : (int)((uint*)(w.Registers + i->B))[lane];
        BarrierAction action = (BarrierAction)(i->E & 0xFF);
        if (number >= Count)
            throw w.Executor.Fault(DeviceFaultKind.IllegalInstruction, w, i, lane, $"barrier {number} does not exist; there are {Count}");
        if (threads != -1 && (threads <= 0 || threads % 32 != 0))
            throw w.Executor.Fault(DeviceFaultKind.IllegalInstruction, w, i, lane, $"a barrier of {threads} threads is not a multiple of 32");
        if (action == BarrierAction.Arrive && threads < 0)
            throw w.Executor.Fault(DeviceFaultKind.IllegalInstruction, w, i, lane, "bar.arrive needs a number of threads");
        State state = _states[number];
        CheckAgreement(w, i, lane, state, threads, action);
        state.Threads = threads;
        if (action >= BarrierAction.Popc || state.IsIdle || action == BarrierAction.Sync)
            state.Action = action;
        if (action == BarrierAction.Arrive)
        {
            state.Arrived.Add(w);
            w.Pc++;
        }
        else
        {
            Combine(state, w, i, m);
            state.Waiting.Add(w);
            w.State = WarpState.AtBarrier;
        }

        TryComplete(w.Block, state);
    }

    /// <summary>A warp has ended. Barriers without a count no longer wait for it.</summary>
    public void Leave(Block block)
    {
        foreach (State state in _states)
            TryComplete(block, state);
    }

    /// <summary>The number of the barrier at which a warp waits, and what the barrier still needs.</summary>
    public string Describe(Warp w)
    {
        for (int k = 0; k < Count; k++)
        {
            if (_states[k].Waiting.Contains(w))
            {
                int warps = _states[k].Waiting.Count + _states[k].Arrived.Count;
                string wanted = _states[k].Threads < 0 ? "all warps" : $"{_states[k].Threads / 32} warps";
                return $"barrier {k}, where {warps} of {wanted} have arrived";
            }
        }

        return "no barrier";
    }

    private static void CheckAgreement(Warp w, Inst* i, int lane, State state, int threads, BarrierAction action)
    {
        if (state.IsIdle)
            return;
        if (state.Threads != threads)
            throw w.Executor.Fault(DeviceFaultKind.Deadlock, w, i, lane, $"waits for {threads} threads at a barrier where others wait for {state.Threads}", FindingKind.MismatchedBarrier);
        bool reduces = action >= BarrierAction.Popc, othersReduce = state.Action >= BarrierAction.Popc;
        if (reduces != othersReduce && action != BarrierAction.Arrive && state.Waiting.Count > 0)
            throw w.Executor.Fault(DeviceFaultKind.IllegalInstruction, w, i, lane, "bar.red and bar.sync meet at one barrier", FindingKind.MismatchedBarrier);
    }

    private static void Combine(State state, Warp w, Inst* i, uint m)
    {
        if (state.Action < BarrierAction.Popc)
            return;
        uint bits = *(uint*)(w.Registers + i->C) ^ (uint)i->Immediate;
        state.Popc += BitOperations.PopCount(bits & m);
        state.All &= (bits & m) == m;
        state.Any |= (bits & m) != 0;
    }

    private void TryComplete(Block block, State state)
    {
        if (state.Waiting.Count == 0 && (state.Arrived.Count == 0 || state.Threads < 0))
            return;
        int present = state.Waiting.Count + state.Arrived.Count;
        int wanted = state.Threads < 0 ? block.RunningWarps : state.Threads / 32;
        if (present < wanted)
            return;
        Completed++;
        block.Races?.Synchronize(state.Waiting, state.Arrived, state.Threads < 0 || (state.Arrived.Count == 0 && present == block.Warps.Length));
        foreach (Warp w in state.Waiting)
        {
            Inst* i = w.Code + w.Pc;
            if (state.Action >= BarrierAction.Popc)
                Deliver(state, w, i);
            w.State = WarpState.Ready;
            w.Pc++;
        }

        state.Reset();
    }

    private static void Deliver(State state, Warp w, Inst* i)
    {
        if (state.Action == BarrierAction.Popc)
        {
            uint* d = (uint*)(w.Registers + i->D);
            for (uint rest = w.Mask; rest != 0; rest &= rest - 1)
                d[BitOperations.TrailingZeroCount(rest)] = (uint)state.Popc;
            return;
        }

        bool result = state.Action == BarrierAction.And ? state.All : state.Any;
        Lanes.StorePredicate(w.Registers + i->D, w.Mask, result ? uint.MaxValue : 0);
    }
}
