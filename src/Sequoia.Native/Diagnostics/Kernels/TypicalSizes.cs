namespace Sequoia.Native.Diagnostics.Kernels;

/// <summary>Sizes of a model.</summary>
internal sealed record TypicalSizes(int Hidden, int Intermediate, int Heads, int HeadDim, int Layers, int Vocabulary, int Prefix)
{
    /// <summary>Llama 2 7B's, behind a prefix of 1024 tokens.</summary>
    public static TypicalSizes SevenBillion { get; } = new(4096, 11008, 32, 128, 32, 32_000, 1024);

    /// <summary>A quarter of its width and of its layers: what the software GPU gets through.</summary>
    public static TypicalSizes Quarter { get; } = new(1024, 2752, 8, 128, 8, 32_000, 1024);
}
