using Sequoia.Native.Numerics;
using Sequoia.Native.Sampling;

namespace Sequoia.Native.Backends.Cpu;

/// <summary>
/// Rows with a stride of whole 64-float tiles: a matrix product reads whole chunks of 32, sampling whole tiles of 64. The floats
/// after the last column stay zero.
/// </summary>
internal sealed unsafe class CpuActivations : Accumulators
{
    private readonly AlignedBuffer<float> _buffer;

    public CpuActivations(int rows, int columns) : base(rows, columns)
    {
        Stride = VocabularyKernels.Padded(columns);
        _buffer = new AlignedBuffer<float>((long)rows * Stride);
    }

    /// <summary>Floats from one row to the next.</summary>
    public int Stride { get; }

    public float* Row(int row) => _buffer.Pointer + ((long)row * Stride);

    public override void Download(WorkQueue queue, int row, Span<float> destination) => new ReadOnlySpan<float>(Row(row), Columns).CopyTo(destination);

    public override void Dispose() => _buffer.Dispose();
}
