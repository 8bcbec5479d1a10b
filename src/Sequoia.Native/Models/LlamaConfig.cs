namespace Sequoia.Native.Models;

/// <summary>The shape of a Llama model, from `config.json`.</summary>
internal sealed record LlamaConfig
{
    // A malicious config must not cause unbounded allocations or loops.
    private const int MaxExtent = 1 << 20;
    private const int MaxContext = 1 << 24;

    public required int HiddenSize { get; init; }

    public required int IntermediateSize { get; init; }

    public required int Layers { get; init; }

    public required int Heads { get; init; }

    public required int KvHeads { get; init; }

    public required int HeadDim { get; init; }

    public required int VocabularySize { get; init; }

    /// <summary>The maximum number of positions (tokens) that the model can attend to.</summary>
    public required int MaxPositions { get; init; }

    public required float RmsNormEpsilon { get; init; }

    public required double RopeTheta { get; init; }

    public RopeScaling? RopeScaling { get; init; }

    public required bool TiedEmbeddings { get; init; }

    public int? BosId { get; init; }

    public int[] EosIds { get; init; } = [];

    /// <summary>Rows of the stacked query, key and value projection.</summary>
    public int QkvSize => (Heads + (2 * KvHeads)) * HeadDim;

    public static LlamaConfig Read(string path)
    {
        JsonSection json = JsonSection.Read(path);
        string? type = json.OptionalText("model_type");
        if (type != "llama")
            throw json.Problem("model_type", $"'{type}' is not supported; llama is");
        if (json.OptionalText("hidden_act") is { } activation and not "silu")
            throw json.Problem("hidden_act", $"'{activation}' is not supported; silu is");
        foreach (string bias in (string[])["attention_bias", "mlp_bias"])
        {
            if (json.Flag(bias, false))
                throw json.Problem(bias, "models with biases are not supported");
        }
        JsonSection? rope = json.Section("rope_scaling") ?? json.Section("rope_parameters");
        int hidden = Extent(json, "hidden_size"), heads = Extent(json, "num_attention_heads");
        int[] bos = json.Ids("bos_token_id");
        var config = new LlamaConfig
        {
            HiddenSize = hidden,
            IntermediateSize = Extent(json, "intermediate_size"),
            Layers = json.PositiveInt("num_hidden_layers"),
            Heads = heads,
            KvHeads = json.PositiveInt("num_key_value_heads", heads),
            HeadDim = json.PositiveInt("head_dim", Math.Max(1, hidden / heads)),
            VocabularySize = Extent(json, "vocab_size"),
            MaxPositions = json.PositiveInt("max_position_embeddings", 2048),
            RmsNormEpsilon = (float)(json.OptionalNumber("rms_norm_eps") ?? 1e-6),
            RopeTheta = json.OptionalNumber("rope_theta") ?? rope?.OptionalNumber("rope_theta") ?? 10000,
            RopeScaling = RopeScaling.Read(rope),
            TiedEmbeddings = json.Flag("tie_word_embeddings", false),
            BosId = bos.Length > 0 ? bos[0] : null,
            EosIds = json.Ids("eos_token_id"),
        };
        config.Check(json);
        return config;
    }

    private void Check(JsonSection json)
    {
        if (Layers > 4096)
            throw json.Problem("num_hidden_layers", $"{Layers} is too many");
        if (Heads % KvHeads != 0)
            throw json.Problem("num_key_value_heads", $"{KvHeads} does not divide num_attention_heads = {Heads}");
        if (HeadDim % 2 != 0 || HeadDim > 1024)
            throw json.Problem("head_dim", $"{HeadDim} is not an even number up to 1024");
        if (Heads * (long)HeadDim > MaxExtent)
            throw json.Problem("num_attention_heads", $"{Heads} heads of {HeadDim} are too many");
        if (MaxPositions > MaxContext)
            throw json.Problem("max_position_embeddings", $"{MaxPositions} is too large (at most {MaxContext})");
        if (BosId >= VocabularySize)
            throw json.Problem("bos_token_id", $"{BosId} is not below vocab_size = {VocabularySize}");
        if (RopeTheta <= 0)
            throw json.Problem("rope_theta", "must be above 0");
        if (!(RmsNormEpsilon > 0))
            throw json.Problem("rms_norm_eps", "must be above 0");
    }

    private static int Extent(JsonSection json, string key)
    {
        int value = json.PositiveInt(key);
        return value <= MaxExtent ? value : throw json.Problem(key, $"{value} is too large (at most {MaxExtent})");
    }
}

/// <summary>The stop tokens of a model: from `generation_config.json` if it exists, otherwise from `config.json`.</summary>
internal static class GenerationConfig
{
    public static int[] ReadEosIds(string folder, LlamaConfig config)
    {
        string path = Path.Combine(folder, "generation_config.json");
        if (!Path.Exists(path))
            return config.EosIds;
        int[] ids = JsonSection.Read(path).Ids("eos_token_id");
        return ids.Length > 0 ? ids : config.EosIds;
    }
}
