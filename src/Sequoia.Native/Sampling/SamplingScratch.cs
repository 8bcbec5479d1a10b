using Sequoia.Native.Numerics;

namespace Sequoia.Native.Sampling;

/// <summary>One thread's working memory for rows of the vocabulary.</summary>
internal sealed unsafe class SamplingScratch(int vocabulary, int maxChildren) : IDisposable
{
    private readonly AlignedBuffer<uint> _random = new(VocabularyKernels.Padded(vocabulary));
    private readonly AlignedBuffer<float> _rows = new(2L * VocabularyKernels.Padded(vocabulary));
    private readonly AlignedBuffer<float> _tiles = new(TiledSum.Scratch(VocabularyKernels.Padded(vocabulary)));

    public int Vocabulary { get; } = vocabulary;

    public int Padded { get; } = VocabularyKernels.Padded(vocabulary);

    public uint* Random => _random.Pointer;

    /// <summary>A row for keys, times or residuals.</summary>
    public float* Row => _rows.Pointer;

    /// <summary>A row for the target's probabilities.</summary>
    public float* Target => _rows.Pointer + Padded;

    public float* Tiles => _tiles.Pointer;

    public MassThreshold Threshold { get; } = new();

    public float[] BestKeys { get; } = new float[maxChildren];

    /// <summary>Children that verification has rejected at the current node.</summary>
    public int[] Rejected { get; } = new int[maxChildren];

    public void Dispose()
    {
        _random.Dispose();
        _rows.Dispose();
        _tiles.Dispose();
    }
}
