using System.Runtime.InteropServices;
using Sequoia.SoftwareGpu.Mem;

namespace Sequoia.SoftwareGpu.Exec;

/// <summary>
/// The wgmma products of a warp that no wait has run yet: its 16 rows of each. They run when a wait requires it, which is the latest legal moment. Until
/// then their accumulators hold NaN, and the sums are kept here: a kernel that omits the wait gets NaN every time, and one that overwrites an operand
/// too early gets wrong sums.
/// </summary>
internal sealed unsafe class AsyncProducts
{
    private const int RegisterBytes = 128;
    private const uint Poison = 0x7FFF_DEAD;

    /// <summary>The registers of a product's operands, which the accumulators follow.</summary>
    private const int LeftRegisters = 4;
    private const int RightRegisters = 2;
    private const int Operands = LeftRegisters + RightRegisters;

    private readonly List<Product> _products = [];
    private readonly List<Accumulators> _accumulators = [];
    private int _committed;

    /// <summary>The accumulators of all products of the kernel, as they were at the last wgmma.fence. Null before the first.</summary>
    private uint[]? _fenced;

    private sealed class Accumulators
    {
        public required int* Slots { get; init; }

        public required int Count { get; init; }

        /// <summary>Room for operands, and the sums.</summary>
        public required byte* Registers { get; init; }

        /// <summary>The products that have not run.</summary>
        public int Pending { get; set; }
    }

    private sealed class Product
    {
        public required Inst* Inst { get; init; }

        public required Accumulators Sums { get; init; }

        public required MatrixDescriptor Left { get; init; }

        public required MatrixDescriptor Right { get; init; }

        public required bool Adds { get; init; }

        public required delegate*<byte*, int*, void> Multiply { get; init; }

        public required int Group { get; init; }
    }

    public void Clear()
    {
        Release();
        _products.Clear();
        _accumulators.Clear();
        _committed = 0;
        _fenced = null;
    }

    public void Release()
    {
        foreach (Accumulators sums in _accumulators)
            NativeMemory.AlignedFree(sums.Registers);
    }

    /// <summary>Queues a product of an instruction whose accumulators are the first operands in Extra.</summary>
    public void Add(Warp w, Inst* i, MatrixDescriptor left, MatrixDescriptor right, bool adds, delegate*<byte*, int*, void> multiply)
    {
        Accumulators? sums = _accumulators.Find(known => known.Slots[0] == i->Extra[0]);
        if (sums is null)
        {
            CheckFence(w, i);
            sums = Take(w, i);
        }
        else if (sums.Count != i->E / 2)
        {
            throw w.Executor.Fault(DeviceFaultKind.IllegalInstruction, w, i, 0, "accumulates in registers of a pending product of another shape");
        }

        sums.Pending++;
        _products.Add(new Product { Inst = i, Sums = sums, Left = left, Right = right, Adds = adds, Multiply = multiply, Group = _committed });
    }

    public void Commit() => _committed++;

    /// <summary>Runs all but the newest groups, and gives accumulators back that no pending product uses.</summary>
    public void Wait(Warp w, int newest)
    {
        int done = 0;
        while (done < _products.Count && _products[done].Group < _committed - newest)
            Run(w, _products[done++]);
        _products.RemoveRange(0, done);
        for (int k = _accumulators.Count - 1; k >= 0; k--)
        {
            if (_accumulators[k].Pending == 0)
            {
                Return(w, _accumulators[k]);
                _accumulators.RemoveAt(k);
            }
        }
    }

    /// <summary>A wgmma.fence: the accumulators may be used by products as they are now.</summary>
    public void Fence(Warp w)
    {
        int[] slots = w.Executor.Program.Accumulators;
        _fenced ??= new uint[slots.Length * 32];
        for (int k = 0; k < slots.Length; k++)
            Register(w, slots[k]).CopyTo(_fenced.AsSpan(32 * k, 32));
    }

    private static Span<uint> Register(Warp w, int slot) => new(w.Registers + slot, 32);

    private void CheckFence(Warp w, Inst* i)
    {
        if (!w.Executor.Checks)
            return;
        if (_fenced is null)
        {
            w.Executor.Report(FindingKind.MissingFence, w, i, 0, "has no wgmma.fence before it");
            return;
        }

        for (int k = 0; k < i->E / 2; k++)
        {
            int lane = Register(w, i->Extra[k]).CommonPrefixLength(Fenced(w, i->Extra[k]));
            if (lane == 32)
                continue;
            w.Executor.Report(FindingKind.MissingFence, w, i, lane, $"has accumulator {k} written since the last wgmma.fence");
            return;
        }
    }

    private Span<uint> Fenced(Warp w, int slot) => _fenced.AsSpan(32 * Array.BinarySearch(w.Executor.Program.Accumulators, slot), 32);

    private Accumulators Take(Warp w, Inst* i)
    {
        int count = i->E / 2;
        Accumulators sums = new()
        {
            Slots = i->Extra,
            Count = count,
            Registers = (byte*)NativeMemory.AlignedAlloc((nuint)((Operands + count) * RegisterBytes), RegisterBytes),
        };
        for (int k = 0; k < count; k++)
        {
            Span<uint> register = Register(w, i->Extra[k]);
            register.CopyTo(Sum(sums, k));
            register.Fill(Poison);
        }

        _accumulators.Add(sums);
        return sums;
    }

    private void Return(Warp w, Accumulators sums)
    {
        for (int k = 0; k < sums.Count; k++)
        {
            Sum(sums, k).CopyTo(Register(w, sums.Slots[k]));

            // A product's own writes need no fence before the next product.
            if (_fenced is not null)
                Sum(sums, k).CopyTo(Fenced(w, sums.Slots[k]));
        }

        NativeMemory.AlignedFree(sums.Registers);
    }

    private static Span<uint> Sum(Accumulators sums, int k) => new(sums.Registers + ((Operands + k) * RegisterBytes), 32);

    /// <summary>Sixteen columns of k, as an mma.m16n8k16 for each eight columns of the result.</summary>
    private static void Run(Warp w, Product product)
    {
        Inst* i = product.Inst;
        Accumulators sums = product.Sums;
        byte* r = sums.Registers;
        if (!product.Adds)
            new Span<byte>(r + (Operands * RegisterBytes), sums.Count * RegisterBytes).Clear();
        int first = WarpgroupProduct.FirstRow(w);
        for (int part = 0; part < LeftRegisters; part++)
            Load(w, product.Left, first + (part % 2 * 8), part / 2, WarpgroupProduct.NegatesLeft(i), (uint*)(r + (part * RegisterBytes)));
        int* slots = stackalloc int[14];
        for (int k = 0; k < Operands; k++)
            slots[4 + k] = k * RegisterBytes;
        for (int column = 0; column < i->E; column += 8)
        {
            for (int part = 0; part < RightRegisters; part++)
                Load(w, product.Right, column, part, WarpgroupProduct.NegatesRight(i), (uint*)(r + ((LeftRegisters + part) * RegisterBytes)));
            for (int k = 0; k < 4; k++)
                slots[k] = slots[4 + Operands + k] = (Operands + (column / 2) + k) * RegisterBytes;
            product.Multiply(r, slots);
        }

        sums.Pending--;
        WarpgroupProduct.EndRead(w, i, product.Left, product.Right);
    }

    /// <summary>A register of an operand: lane 4r + t has elements 2t and 2t + 1 of a chunk of row r of eight.</summary>
    private static void Load(Warp w, MatrixDescriptor matrix, int firstRow, int chunk, bool negates, uint* register)
    {
        const uint Signs = 0x8000_8000;
        for (int row = 0; row < 8; row++)
        {
            uint* from = (uint*)(w.Shared + matrix.At(firstRow + row, chunk));
            for (int pair = 0; pair < 4; pair++)
                register[(4 * row) + pair] = from[pair] ^ (negates ? Signs : 0);
        }
    }
}
