using Sequoia.Native.Models;
using Sequoia.Native.Numerics;

namespace Sequoia.Cli.Bench;

/// <summary>
/// Random BF16 weights of any shape without a file: one buffer of normal numbers, as large as the largest matrix, which all matrices share from
/// different places on; a device copies them. The CPU uses weights where they are, and would find shared ones in its caches, so there each matrix is
/// a copy of its own.
/// </summary>
internal sealed unsafe class SyntheticWeights : IDisposable
{
    private const float Deviation = 0.02f;
    private const ulong Seed = 1;
    private const ushort One = 0x3F80;

    // Matrices begin at whole cache lines.
    private const int Step = 32;

    private readonly AlignedBuffer<ushort> _numbers, _ones;
    private readonly List<AlignedBuffer<ushort>> _copies = [];
    private readonly bool _copied;
    private long _next;

    /// <param name="config">The model's shape.</param>
    /// <param name="copied">Whether each matrix has memory of its own.</param>
    public SyntheticWeights(LlamaConfig config, bool copied)
    {
        _copied = copied;
        _ones = new AlignedBuffer<ushort>(config.HiddenSize);
        new Span<ushort>(_ones.Pointer, config.HiddenSize).Fill(One);
        _numbers = new AlignedBuffer<ushort>(LargestMatrix(config));
        int blocks = (int)((_numbers.Length + NormalNumbers.Block - 1) / NormalNumbers.Block);
        var normal = new NormalNumbers(Deviation);
        Parallel.For(0, blocks, block =>
        {
            long first = (long)block * NormalNumbers.Block;
            normal.Fill(new Span<ushort>(_numbers.Pointer + first, (int)Math.Min(NormalNumbers.Block, _numbers.Length - first)), Seed, (uint)block);
        });
        Tensors = new LlamaTensors(config, Tensor);
    }

    public LlamaTensors Tensors { get; }

    /// <summary>The elements of a shape's largest matrix.</summary>
    public static long LargestMatrix(LlamaConfig config) =>
        Math.Max(Math.Max(config.VocabularySize, config.IntermediateSize), config.Heads * config.HeadDim) * (long)config.HiddenSize;

    public void Dispose()
    {
        _numbers.Dispose();
        _ones.Dispose();
        _copies.ForEach(copy => copy.Dispose());
    }

    private TensorView Tensor(string name, long[] shape)
    {
        // A norm's weights.
        if (shape.Length == 1)
            return new TensorView(name, TensorType.BF16, shape, (nint)_ones.Pointer, _ones);
        long elements = shape[0] * shape[1], last = (_numbers.Length - elements) / Step;
        ushort* from = _numbers.Pointer + (_next++ * 7919 % (last + 1) * Step);
        if (!_copied)
            return new TensorView(name, TensorType.BF16, shape, (nint)from, _numbers);
        var copy = new AlignedBuffer<ushort>(elements);
        _copies.Add(copy);
        Buffer.MemoryCopy(from, copy.Pointer, elements * sizeof(ushort), elements * sizeof(ushort));
        return new TensorView(name, TensorType.BF16, shape, (nint)copy.Pointer, copy);
    }
}
