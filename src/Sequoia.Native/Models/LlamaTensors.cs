namespace Sequoia.Native.Models;

/// <summary>The tensors of one decoder layer.</summary>
internal readonly record struct LlamaLayerTensors(
    TensorView InputNorm, TensorView Q, TensorView K, TensorView V, TensorView O,
    TensorView PostAttentionNorm, TensorView Gate, TensorView Up, TensorView Down);

/// <summary>All tensors of a Llama model, by their Hugging Face names.</summary>
internal sealed class LlamaTensors
{
    private const string HeadName = "lm_head.weight";

    /// <summary>The tensors of a model folder, each checked for presence, shape and type.</summary>
    public LlamaTensors(ModelFiles files, LlamaConfig config) : this(config, (name, shape) => Find(files, name, shape))
    {
        foreach (LlamaLayerTensors layer in Layers)
        {
            RequireOneType(files, layer.Q, layer.K, layer.V);
            RequireOneType(files, layer.Gate, layer.Up);
        }
        RefuseTheRest(files);
    }

    /// <summary>Tensors from any source.</summary>
    /// <param name="config">The model's shape.</param>
    /// <param name="source">The tensor of a name and a shape.</param>
    public LlamaTensors(LlamaConfig config, Func<string, long[], TensorView> source)
    {
        Config = config;
        Embedding = Get("model.embed_tokens.weight", config.VocabularySize, config.HiddenSize);
        Layers = new LlamaLayerTensors[config.Layers];
        int q = config.Heads * config.HeadDim, kv = config.KvHeads * config.HeadDim;
        for (int i = 0; i < config.Layers; i++)
        {
            string layer = $"model.layers.{i}.";
            Layers[i] = new LlamaLayerTensors(
                Get(layer + "input_layernorm.weight", config.HiddenSize),
                Get(layer + "self_attn.q_proj.weight", q, config.HiddenSize),
                Get(layer + "self_attn.k_proj.weight", kv, config.HiddenSize),
                Get(layer + "self_attn.v_proj.weight", kv, config.HiddenSize),
                Get(layer + "self_attn.o_proj.weight", config.HiddenSize, q),
                Get(layer + "post_attention_layernorm.weight", config.HiddenSize),
                Get(layer + "mlp.gate_proj.weight", config.IntermediateSize, config.HiddenSize),
                Get(layer + "mlp.up_proj.weight", config.IntermediateSize, config.HiddenSize),
                Get(layer + "mlp.down_proj.weight", config.HiddenSize, config.IntermediateSize));
        }
        FinalNorm = Get("model.norm.weight", config.HiddenSize);
        Head = config.TiedEmbeddings ? Embedding : Get(HeadName, config.VocabularySize, config.HiddenSize);

        TensorView Get(string name, params long[] shape) => source(name, shape);
    }

    /// <summary>The same with the first layer only.</summary>
    public LlamaTensors FirstLayer()
    {
        var byName = All.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
        return new LlamaTensors(Config with { Layers = 1 }, (name, _) => byName[name]);
    }

    /// <summary>Everything but the norms.</summary>
    public IEnumerable<TensorView> Matrices => [Embedding, .. Layers.SelectMany(layer => (TensorView[])[layer.Q, layer.K, layer.V, layer.O, layer.Gate, layer.Up, layer.Down]), Head];

    /// <summary>All tensors to load, each once.</summary>
    public IEnumerable<TensorView> All => Matrices.Concat(Layers.SelectMany(layer => (TensorView[])[layer.InputNorm, layer.PostAttentionNorm])).Append(FinalNorm).Distinct();

    /// <summary>The model's shape.</summary>
    public LlamaConfig Config { get; }

    /// <summary>The bytes of all tensors.</summary>
    public long Bytes => All.Sum(tensor => tensor.Bytes);

    public TensorView Embedding { get; }

    public LlamaLayerTensors[] Layers { get; }

    public TensorView FinalNorm { get; }

    /// <summary>The output projection; the embedding itself if the two are tied.</summary>
    public TensorView Head { get; }

    private static TensorView Find(ModelFiles files, string name, long[] shape)
    {
        if (!files.Tensors.TryGetValue(name, out TensorView tensor))
            throw new ModelFileException(files.Folder, $"tensor '{name}' is missing from the safetensors files");
        return tensor.Shape.AsSpan().SequenceEqual(shape) ? tensor : throw new ModelFileException(
            files.FileOf(name), $"tensor '{name}' has shape [{string.Join(", ", tensor.Shape)}], but config.json asks for [{string.Join(", ", shape)}]");
    }

    /// <summary>Projections that share an input are multiplied as one matrix.</summary>
    private static void RequireOneType(ModelFiles files, TensorView first, params ReadOnlySpan<TensorView> others)
    {
        foreach (TensorView other in others)
        {
            if (other.Type != first.Type)
                throw new ModelFileException(files.FileOf(other.Name), $"tensor '{other.Name}' is {other.Type} but '{first.Name}' is {first.Type}; store both in one type");
        }
    }

    private void RefuseTheRest(ModelFiles files)
    {
        // Some exporters write a tied head a second time; the config decides which one to use.
        HashSet<string> used = [.. All.Select(tensor => tensor.Name), HeadName];
        foreach (string name in files.Tensors.Keys)
        {
            // Old exports store the rotary frequencies; they are derived from config.json.
            if (used.Contains(name) || name.EndsWith(".rotary_emb.inv_freq", StringComparison.Ordinal))
                continue;
            string problem = name.EndsWith(".bias", StringComparison.Ordinal) ? "models with biases are not supported" : "no Llama model of this config has it";
            throw new ModelFileException(files.FileOf(name), $"tensor '{name}': {problem}");
        }
    }
}
