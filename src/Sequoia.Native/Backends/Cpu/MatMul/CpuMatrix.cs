using Sequoia.Native.Backends.Streaming;
using Sequoia.Native.Models;
using Sequoia.Native.Numerics;

namespace Sequoia.Native.Backends.Cpu;

/// <summary>
/// Matrices of one element type and column count, used in place in the mapped file. Only rows that are not a whole number of
/// chunks (no common model has any) are copied, in their type, and zero-padded.
/// </summary>
internal unsafe class CpuMatrix : Matrix, IDisposable
{
    private readonly List<AlignedBuffer<byte>> _copies = [];

    public CpuMatrix(ReadOnlySpan<TensorView> stacked) : this(TotalRows(stacked), stacked[0].Columns, stacked.ToArray())
    {
        if (Columns % Chunks.Size != 0)
            Array.ConvertAll(Parts, Pad).CopyTo(Parts, 0);
    }

    protected CpuMatrix(int rows, int columns, TensorView[] parts) : base(rows, columns)
    {
        (Type, Parts) = (parts[0].Type, parts);
        FirstColumns = new int[parts.Length];
        for (int i = 1; i < parts.Length; i++)
            FirstColumns[i] = FirstColumns[i - 1] + parts[i - 1].Rows;
    }

    public TensorType Type { get; }

    /// <summary>The rows, in parts. A part may be used between <see cref="Acquire"/> and <see cref="Release"/>.</summary>
    public TensorView[] Parts { get; }

    /// <summary>The column of the product that belongs to each part's first row.</summary>
    public int[] FirstColumns { get; }

    /// <summary>Whether a tensor's rows are used as they are stored.</summary>
    public static bool HasWholeChunks(TensorView tensor) => tensor.Columns % Chunks.Size == 0;

    /// <summary>Waits for a part of the pass that has begun; all parts before it were released.</summary>
    /// <returns>The end of the parts that may be used now.</returns>
    public virtual int Acquire(int part) => Parts.Length;

    /// <summary>Gives a part back after its last use in this pass. Thread-safe.</summary>
    public virtual void Release(int part)
    {
    }

    public void Dispose() => _copies.ForEach(copy => copy.Dispose());

    private TensorView Pad(TensorView tensor)
    {
        long rowBytes = tensor.RowBytes, padded = (long)Chunks.RoundUp(Columns) * Type.Size();
        var copy = new AlignedBuffer<byte>(padded * tensor.Rows);
        _copies.Add(copy);
        for (int row = 0; row < tensor.Rows; row++)
            Buffer.MemoryCopy(tensor.Data + (row * rowBytes), copy.Pointer + (row * padded), padded, rowBytes);
        return tensor with { Shape = [tensor.Rows, Chunks.RoundUp(Columns)], Address = (nint)copy.Pointer, Owner = copy };
    }
}

/// <summary>A matrix of a model that is streamed: its parts are chunks, in memory while they are used.</summary>
internal sealed unsafe class StreamedMatrix : CpuMatrix
{
    private readonly CpuWeightStream _stream;
    private readonly int[] _chunks;

    public StreamedMatrix(CpuWeightStream stream, ReadOnlySpan<TensorView> stacked) : this(stream, stacked, ChunksOf(stream, stacked))
    {
    }

    private StreamedMatrix(CpuWeightStream stream, ReadOnlySpan<TensorView> stacked, int[] chunks)
        : base(TotalRows(stacked), stacked[0].Columns, Array.ConvertAll(chunks, chunk => View(stream.Chunks.All[chunk], stream))) =>
        (_stream, _chunks) = (stream, chunks);

    public override int Acquire(int part)
    {
        // Chunks of a matrix follow one another in the order of use.
        int end = _stream.Wait(_chunks[part], _chunks[^1] + 1) - _chunks[0];
        for (int i = part; i < end; i++)
            Parts[i] = Parts[i] with { Address = (nint)_stream.Address(_chunks[i]) };
        return end;
    }

    public override void Release(int part) => _stream.Release(_chunks[part]);

    private static int[] ChunksOf(CpuWeightStream stream, ReadOnlySpan<TensorView> stacked)
    {
        var chunks = new List<int>();
        foreach (TensorView tensor in stacked)
        {
            (int first, int end) = stream.Chunks.Of(tensor);
            chunks.AddRange(Enumerable.Range(first, end - first));
        }
        return [.. chunks];
    }

    private static TensorView View(WeightChunk chunk, CpuWeightStream stream) => chunk.Tensor with { Shape = [chunk.Rows, chunk.Tensor.Columns], Address = 0, Owner = stream };
}

/// <summary>A norm's weights, widened to fp32 once, since they are small, and zero-padded to whole chunks.</summary>
internal sealed unsafe class CpuVector : Matrix
{
    private readonly float[] _values;

    public CpuVector(TensorView tensor) : base(1, tensor.Columns)
    {
        _values = GC.AllocateArray<float>(Chunks.RoundUp(tensor.Columns), pinned: true);
        RowReader.Widen(tensor, 0, Data);
    }

    public float* Data => (float*)System.Runtime.InteropServices.Marshal.UnsafeAddrOfPinnedArrayElement(_values, 0);
}
