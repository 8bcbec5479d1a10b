namespace Sequoia.SoftwareGpu.Exec;

/// <summary>Finds warps of a warpgroup that execute different products: all four must execute the same ones in the same order.</summary>
internal sealed unsafe class Warpgroups(int warps)
{
    private const int WarpsOfGroup = 4;

    private readonly int[] _issued = new int[warps];
    private readonly Dictionary<(int Group, int Number), Call> _calls = [];

    private readonly record struct Call(nint Inst, ulong Left, ulong Right, bool Adds, int Warps);

    public void Clear()
    {
        Array.Clear(_issued);
        _calls.Clear();
    }

    public void Agree(Warp w, Inst* i, ulong left, ulong right, bool adds)
    {
        (int, int) key = (w.Index / WarpsOfGroup, _issued[w.Index]++);
        Call own = new((nint)i, left, right, adds, 1);
        if (!_calls.TryGetValue(key, out Call first))
            _calls[key] = own;
        else if (first with { Warps = 1 } != own)
            throw w.Executor.Fault(DeviceFaultKind.IllegalInstruction, w, i, 0, "differs from what another warp of its warpgroup executes");
        else if (first.Warps == WarpsOfGroup - 1)
            _calls.Remove(key);
        else
            _calls[key] = first with { Warps = first.Warps + 1 };
    }
}
