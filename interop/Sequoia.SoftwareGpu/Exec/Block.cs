using System.Runtime.InteropServices;
using Sequoia.SoftwareGpu.Check;
using Sequoia.SoftwareGpu.Lower;
using Sequoia.SoftwareGpu.Mem;

namespace Sequoia.SoftwareGpu.Exec;

/// <summary>A block in execution: its warps and shared memory. It is reused for one block after another.</summary>
internal sealed unsafe class Block
{
    private const int Alignment = 128;

    private readonly Executor _executor;
    private readonly byte* _registers;
    private readonly byte* _stacks;
    private readonly byte* _shared;
    private readonly byte* _local;
    private readonly Pattern* _scattered;

    public Block(Executor executor, LaunchShape shape)
    {
        _executor = executor;
        Shape = shape;
        MBarriers = new MBarriers(this);
        Copies = new BulkCopies(this);
        Warpgroups = new Warpgroups(shape.Warps);
        Program program = executor.Program;
        int warps = shape.Warps;
        nuint stride = Round((nuint)program.RegisterBytes);
        nuint localBytes = Round((nuint)shape.LocalBytes);
        _registers = (byte*)NativeMemory.AlignedAlloc(stride * (nuint)warps, Alignment);
        _stacks = (byte*)NativeMemory.Alloc((nuint)(sizeof(StackEntry) * Warp.StackEntries * warps));
        _shared = (byte*)NativeMemory.AlignedAlloc(Round((nuint)shape.SharedBytes) + Alignment, Alignment);
        _local = (byte*)NativeMemory.AlignedAlloc((localBytes * 32 * (nuint)warps) + Alignment, Alignment);
        _scattered = (Pattern*)NativeMemory.AlignedAlloc((nuint)(sizeof(Pattern) * warps), Alignment);
        NativeMemory.Clear(_scattered, (nuint)(sizeof(Pattern) * warps));
        NativeMemory.Clear(_registers, stride * (nuint)warps);
        NativeMemory.Clear(_local, localBytes * 32 * (nuint)warps);
        NativeMemory.Clear(_shared, Round((nuint)shape.SharedBytes));
        Warps = new Warp[warps];
        for (int k = 0; k < warps; k++)
        {
            Warps[k] = new Warp
            {
                Executor = executor,
                Block = this,
                Index = k,
                Registers = _registers + (stride * (nuint)k),
                Code = executor.Code,
                Stack = (StackEntry*)(_stacks + (sizeof(StackEntry) * Warp.StackEntries * k)),
                Shared = _shared,
                SharedBytes = (ulong)shape.SharedBytes,
                Local = _local + (localBytes * 32 * (nuint)k),
                LocalBytes = localBytes,
                Memos = executor.Memos,
                Scattered = _scattered + k,
            };
        }
    }

    public LaunchShape Shape { get; }

    public Warp[] Warps { get; }

    public Barriers Barriers { get; } = new();

    public MBarriers MBarriers { get; }

    /// <summary>The bulk copies under way.</summary>
    public BulkCopies Copies { get; }

    public Warpgroups Warpgroups { get; }

    public (uint X, uint Y, uint Z) Position { get; private set; }

    /// <summary>The block's number in the grid.</summary>
    public long Number { get; private set; }

    /// <summary>The number of warps that have not ended.</summary>
    public int RunningWarps { get; set; }

    public SharedRaces? Races { get; private set; }

    /// <summary>Used only in kernels with asynchronous copies.</summary>
    public PendingBytes? Pending { get; private set; }

    /// <summary>Sets the values that stay the same for a whole launch.</summary>
    public void Prepare(Launch launch)
    {
        foreach (Warp w in Warps)
        {
            w.Parameters = launch.Parameters;
            w.ParameterBytes = (ulong)launch.ParameterBytes;
            foreach (Value value in _executor.Program.FixedValues)
                FixedSlots.Fill(w.Registers + value.Offset, value, w, launch);
        }

        if (_executor.Checks)
        {
            Races ??= new SharedRaces(Shape.SharedBytes, _executor.Program.HasNarrowShared, Warps.Length);
            if (_executor.Program.HasAsyncCopies)
                Pending ??= new PendingBytes(Shape.SharedBytes);
        }
    }

    /// <summary>Reassigns the object to another block of the grid, at its start.</summary>
    public void Start(Launch launch, long number)
    {
        Number = number;
        Position = launch.PositionOf(number);
        Barriers.Reset();
        MBarriers.Clear();
        Copies.Clear();
        Warpgroups.Clear();
        RunningWarps = Warps.Length;
        foreach (Warp w in Warps)
        {
            w.Pc = 0;
            w.Live = w.Mask = launch.InitialMask(w.Index);
            w.Here = w.Live;
            w.StackDepth = w.StackBase = 0;
            w.Frame = null;
            w.State = WarpState.Ready;
            w.HasTimedOut = false;
            w.WaitedForKernels = 0;
            w.Copies?.Clear();
            w.Products?.Clear();
            w.Fragments?.Clear();
            foreach (Value value in _executor.BlockValues)
                FixedSlots.FillForBlock(w.Registers + value.Offset, value, Position);
        }

        Races?.Start();
        Pending?.Start();
    }

    public void Release()
    {
        NativeMemory.AlignedFree(_registers);
        NativeMemory.Free(_stacks);
        NativeMemory.AlignedFree(_shared);
        NativeMemory.AlignedFree(_local);
        NativeMemory.AlignedFree(_scattered);
        foreach (Warp w in Warps)
            w.Products?.Release();
        Races?.Release();
        Pending?.Release();
    }

    private static nuint Round(nuint bytes) => (bytes + Alignment - 1) / Alignment * Alignment;
}
