using System.Runtime.InteropServices;
using Sequoia.SoftwareGpu.Check;
using Sequoia.SoftwareGpu.Lower;
using Sequoia.SoftwareGpu.Mem;
using Sequoia.SoftwareGpu.Profile;
using Sequoia.SoftwareGpu.Ptx;

namespace Sequoia.SoftwareGpu.Exec;

/// <summary>
/// The state that one host thread needs to execute a program: its own copy of the code, the caches of memory instructions, and block objects. It is
/// kept between launches, so that a launch has almost no setup.
/// </summary>
internal sealed unsafe class Executor : IDisposable
{
    private const int MaxFindings = 100;

    private readonly int* _extra;
    private readonly Stack<Block> _idle = new();
    private readonly List<Block> _active = [];
    private readonly Dictionary<(FindingKind Kind, int Source), Finding> _findings = [];
    private Launch _launch = null!;
    private int _memoryVersion = -1;
    private long _ticks;

    public Executor(Program program)
    {
        Program = program;
        Code = (Inst*)NativeMemory.AlignedAlloc((nuint)(sizeof(Inst) * program.Code.Length), 64);
        program.Code.CopyTo(new Span<Inst>(Code, program.Code.Length));
        _extra = (int*)NativeMemory.Alloc((nuint)(sizeof(int) * (program.Extra.Length + 1)));
        program.Extra.CopyTo(new Span<int>(_extra, program.Extra.Length));
        for (int k = 0; k < program.Code.Length; k++)
            Code[k].Extra = _extra + program.ExtraStart[k];
        Memos = (Memo*)NativeMemory.AllocZeroed((nuint)(sizeof(Memo) * (program.Memos + 1)));
        BlockValues = [.. program.FixedValues.Where(FixedSlots.IsPerBlock)];
        Counters = new Counters(program);
    }

    public Program Program { get; }

    public Inst* Code { get; }

    public Memo* Memos { get; }

    /// <summary>Values that change between blocks.</summary>
    public Value[] BlockValues { get; }

    public Counters Counters { get; }

    public DeviceMemory Memory => _launch.Memory;

    public Launch Launch => _launch;

    public bool Checks => Program.Variant.Checks;

    /// <summary>Whether several executors run at once. Atomics on global memory must then be real ones.</summary>
    public bool IsConcurrent { get; private set; }

    public GlobalRaces? GlobalRaces { get; private set; }

    public EarlyAccesses? EarlyAccesses { get; private set; }

    public IReadOnlyCollection<Finding> Findings => _findings.Values;

    /// <summary>The number of warp instructions that this executor executed in the launch.</summary>
    public long Executed { get; set; }

    public void Begin(Launch launch, bool isConcurrent)
    {
        _launch = launch;
        IsConcurrent = isConcurrent;
        Executed = 0;
        _findings.Clear();
        if (_memoryVersion != launch.Memory.Version)
        {
            for (int k = 0; k < Program.Memos; k++)
                Memos[k].Last = null;
            _memoryVersion = launch.Memory.Version;
        }

        if (Program.Variant.Counts)
            Counters.Clear();
        if (Checks)
        {
            GlobalRaces = new GlobalRaces(launch);
            EarlyAccesses = new EarlyAccesses(launch);
        }
        while (_idle.TryPeek(out Block? block) && block.Shape != launch.Shape)
            _idle.Pop().Release();
        foreach (Block block in _idle)
            block.Prepare(launch);
    }

    /// <summary>Ends a launch, successful or not, and returns its findings and counts.</summary>
    public void End(LaunchReport report)
    {
        report.Findings = [.. _findings.Values];
        report.WarpInstructions = Executed;
        if (Program.Variant.Counts)
            report.Profile = Counters.Summarize(_launch);
        _launch.Accesses?.End();
        GlobalRaces?.Release();
        GlobalRaces = null;
        EarlyAccesses = null;
        foreach (Block block in _active)
            _idle.Push(block);
        _active.Clear();
    }

    public Block Admit(long number)
    {
        if (!_idle.TryPop(out Block? block))
        {
            block = new Block(this, _launch.Shape);
            block.Prepare(_launch);
        }

        block.Start(_launch, number);
        _active.Add(block);
        return block;
    }

    public void Retire(Block block)
    {
        GlobalRaces?.Retire(block);
        block.Copies.ReportAbandoned();
        _active.Remove(block);
        _idle.Push(block);
    }

    public long Tick() => ++_ticks;

    /// <summary>Records a finding and continues.</summary>
    public void Report(FindingKind kind, Warp w, Inst* i, int lane, string message)
    {
        if (_findings.TryGetValue((kind, i->Source), out Finding? known))
            known.Count++;
        else if (_findings.Count < MaxFindings)
            _findings[(kind, i->Source)] = Describe(kind, w, i, lane, message);
    }

    /// <summary>Creates a fault at a location, for the caller to throw. The fault is also recorded as a finding.</summary>
    public DeviceFault Fault(DeviceFaultKind kind, Warp w, Inst* i, int lane, string message, FindingKind? finding = null)
    {
        FindingKind found = finding ?? kind switch
        {
            DeviceFaultKind.IllegalAddress => FindingKind.OutOfBounds,
            DeviceFaultKind.MisalignedAddress => FindingKind.Misaligned,
            DeviceFaultKind.Trap or DeviceFaultKind.Assert => FindingKind.Stopped,
            DeviceFaultKind.Deadlock => FindingKind.Deadlock,
            _ => FindingKind.Other,
        };
        Finding place = Describe(found, w, i, lane, message);
        _findings.TryAdd((found, i->Source), place);
        return new DeviceFault(kind, place.ToString()) { Finding = place };
    }

    public void DivergentBarrier(Warp w, Inst* i, uint m)
    {
        uint missing = w.Live & ~m;
        throw Fault(
            DeviceFaultKind.Deadlock, w, i, System.Numerics.BitOperations.TrailingZeroCount(m), $"is a barrier that lanes {SyncMembers.Describe(m)} reach and lanes {SyncMembers.Describe(missing)} do not", FindingKind.DivergentBarrier);
    }

    public SourcePlace PlaceOf(Inst* i) => Program.Body.Instructions[i->Source].Source.Place;

    public void Dispose()
    {
        foreach (Block block in _idle)
            block.Release();
        _idle.Clear();
        for (int k = 0; k < Program.Memos; k++)
            Memos[k].Release();
        NativeMemory.AlignedFree(Code);
        NativeMemory.Free(_extra);
        NativeMemory.Free(Memos);
    }

    private Finding Describe(FindingKind kind, Warp w, Inst* i, int lane, string message)
    {
        SourcePlace place = PlaceOf(i);
        return new Finding(
            kind, message, _launch.Kernel.Name, w.Block.Position, w.Index, lane, place.Line, place.File, place.FileLine, place.Text);
    }
}
