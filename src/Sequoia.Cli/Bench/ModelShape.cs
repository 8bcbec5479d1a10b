using Sequoia.Native;
using Sequoia.Native.Models;

namespace Sequoia.Cli.Bench;

/// <summary>The shape of a published model, from its config.json.</summary>
/// <param name="Name">The name in the command.</param>
/// <param name="Hidden">hidden_size.</param>
/// <param name="Intermediate">intermediate_size.</param>
/// <param name="Layers">num_hidden_layers.</param>
/// <param name="Heads">num_attention_heads.</param>
/// <param name="KvHeads">num_key_value_heads.</param>
/// <param name="HeadDim">head_dim.</param>
/// <param name="Vocabulary">vocab_size.</param>
/// <param name="Context">max_position_embeddings.</param>
internal sealed record ModelShape(string Name, int Hidden, int Intermediate, int Layers, int Heads, int KvHeads, int HeadDim, int Vocabulary, int Context)
{
    /// <summary>All known shapes; any of them can be the target or the draft.</summary>
    public static IReadOnlyList<ModelShape> All { get; } =
    [
        new("llama2-7b", 4096, 11008, 32, 32, 32, 128, 32000, 4096),
        new("llama2-13b", 5120, 13824, 40, 40, 40, 128, 32000, 4096),
        new("vicuna-33b", 6656, 17920, 60, 52, 52, 128, 32000, 2048),
        new("llama2-70b", 8192, 28672, 80, 64, 8, 128, 32000, 4096),
        new("llama3-8b", 4096, 14336, 32, 32, 8, 128, 128256, 8192) { RopeTheta = 500_000 },
        new("tinyllama", 2048, 5632, 22, 32, 4, 64, 32000, 2048),
        // Llama 3.2's.
        new("1b", 2048, 8192, 16, 32, 8, 64, 128256, 131072) { RopeTheta = 500_000, HasTiedEmbeddings = true },
        // JackFram's, the drafts of SpecInfer and of the paper.
        new("160m", 768, 3072, 12, 12, 12, 64, 32000, 2048),
        new("68m", 768, 3072, 2, 12, 12, 64, 32000, 2048),
    ];

    public double RopeTheta { get; init; } = 10_000;

    public bool HasTiedEmbeddings { get; init; }

    /// <summary>The number of weights.</summary>
    public long Parameters => ((HasTiedEmbeddings ? 1L : 2L) * Vocabulary * Hidden) + Hidden
        + (Layers * ((2L * (Heads + KvHeads) * HeadDim * Hidden) + (3L * Hidden * Intermediate) + (2L * Hidden)));

    /// <summary>The shape with a name.</summary>
    /// <param name="option">The option that names it.</param>
    /// <param name="name">The name.</param>
    /// <exception cref="InvalidInputException">The name is not known.</exception>
    public static ModelShape Find(string option, string name) =>
        All.FirstOrDefault(shape => shape.Name == name) ?? throw new InvalidInputException($"{option} {name}: is not one of {string.Join(", ", All.Select(shape => shape.Name))}");

    public LlamaConfig ToConfig() => new()
    {
        HiddenSize = Hidden,
        IntermediateSize = Intermediate,
        Layers = Layers,
        Heads = Heads,
        KvHeads = KvHeads,
        HeadDim = HeadDim,
        VocabularySize = Vocabulary,
        MaxPositions = Context,
        RmsNormEpsilon = 1e-5f,
        RopeTheta = RopeTheta,
        TiedEmbeddings = HasTiedEmbeddings,
    };
}
