using Sequoia.SoftwareGpu.Check;
using Sequoia.SoftwareGpu.Mem;

namespace Sequoia.SoftwareGpu.Exec;

/// <summary>
/// The handlers of wgmma. Each of a warpgroup's four warps computes 16 of the 64 rows. Extra contains the accumulators, twice, and the descriptors of
/// A and B; C is the predicate that adds; E is the number of columns.
/// </summary>
internal static unsafe class WarpgroupProduct
{
    public const int Flip = 1;
    public const int NegateLeft = 2;
    public const int NegateRight = 4;

    private const int WarpsOfGroup = 4;
    private const int RowsOfWarp = 16;
    private const int RowBytes = 32;

    public static bool NegatesLeft(Inst* i) => (i->Immediate & NegateLeft) != 0;

    public static bool NegatesRight(Inst* i) => (i->Immediate & NegateRight) != 0;

    public static int FirstRow(Warp w) => w.Index % WarpsOfGroup * RowsOfWarp;

    /// <summary>Queues a product of this arithmetic.</summary>
    public static void Issue<TMultiply>(Warp w, Inst* i, uint m)
        where TMultiply : struct, IMultiply
    {
        int accumulators = i->E / 2;
        ulong* left = (ulong*)(w.Registers + i->Extra[2 * accumulators]), right = (ulong*)(w.Registers + i->Extra[(2 * accumulators) + 1]);
        uint adds = *(uint*)(w.Registers + i->C) ^ ((i->Immediate & Flip) != 0 ? uint.MaxValue : 0);
        if (new Span<ulong>(left, 32).ContainsAnyExcept(*left) || new Span<ulong>(right, 32).ContainsAnyExcept(*right) || adds is not (0 or uint.MaxValue))
            throw Wrong(w, i, "has operands that differ between the lanes of the warp");
        if (w.Index / WarpsOfGroup * WarpsOfGroup + WarpsOfGroup > w.Block.Warps.Length)
            throw Wrong(w, i, "is executed by a warp that is not in a warpgroup of four");
        MatrixDescriptor a = new(*left), b = new(*right);
        Check(w, i, "A", a, FirstRow(w), RowsOfWarp);
        Check(w, i, "B", b, 0, i->E);
        w.Block.Warpgroups.Agree(w, i, *left, *right, adds != 0);
        BeginRead(w, i, a, b);
        if (w.Executor.Program.Variant.Counts)
        {
            // The four tensor cores share the rows of B, which are counted once.
            w.Executor.Counters.SharedBytes(i, RowBytes * (RowsOfWarp + (FirstRow(w) == 0 ? i->E : 0)));
        }

        (w.Products ??= new AsyncProducts()).Add(w, i, a, b, adds != 0, TMultiply.Function);
    }

    public static void Commit(Warp w, Inst* i, uint m) => w.Products?.Commit();

    public static void Wait(Warp w, Inst* i, uint m) => w.Products?.Wait(w, (int)i->Immediate);

    public static void Fence(Warp w, Inst* i, uint m)
    {
        if (w.Executor.Checks)
            (w.Products ??= new AsyncProducts()).Fence(w);
    }

    /// <summary>The warp has read its rows of A, and all rows of B.</summary>
    public static void EndRead(Warp w, Inst* i, MatrixDescriptor a, MatrixDescriptor b)
    {
        if (w.Block.Races is not { } races)
            return;
        foreach (ulong chunk in Chunks(w, i, a, b))
            races.EndRead(w, i, chunk, MatrixDescriptor.Chunk);
    }

    private static void BeginRead(Warp w, Inst* i, MatrixDescriptor a, MatrixDescriptor b)
    {
        if (w.Block.Races is null)
            return;
        foreach (ulong chunk in Chunks(w, i, a, b))
            Checker.BeginRead(w, i, chunk, MatrixDescriptor.Chunk);
    }

    private static List<ulong> Chunks(Warp w, Inst* i, MatrixDescriptor a, MatrixDescriptor b)
    {
        List<ulong> chunks = new(2 * (RowsOfWarp + i->E));
        for (int row = 0; row < RowsOfWarp; row++)
            chunks.AddRange([a.At(FirstRow(w) + row, 0), a.At(FirstRow(w) + row, 1)]);
        for (int row = 0; row < i->E; row++)
            chunks.AddRange([b.At(row, 0), b.At(row, 1)]);
        return chunks;
    }

    private static void Check(Warp w, Inst* i, string name, MatrixDescriptor matrix, int first, int count)
    {
        if (matrix.Unsupported is { } unsupported)
            throw Wrong(w, i, $"describes {name} with {unsupported}, which is not supported");
        for (int row = first; row < first + count; row++)
        {
            ulong last = ulong.Max(matrix.At(row, 0), matrix.At(row, 1));
            if (last + MatrixDescriptor.Chunk > w.SharedBytes)
                throw w.Executor.Fault(DeviceFaultKind.IllegalAddress, w, i, 0, $"has row {row} of {name} at offset {last}, outside the block's {w.SharedBytes} bytes of shared memory");
        }
    }

    private static DeviceFault Wrong(Warp w, Inst* i, string message) => w.Executor.Fault(DeviceFaultKind.IllegalInstruction, w, i, 0, message);
}

/// <summary>The arithmetic of an mma.m16n8k16 on registers, as a type.</summary>
internal unsafe interface IMultiply
{
    static abstract delegate*<byte*, int*, void> Function { get; }
}
