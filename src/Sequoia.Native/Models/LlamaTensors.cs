namespace Sequoia.Native.Models;

/// <summary>The tensors of one decoder layer.</summary>
internal readonly record struct LlamaLayerTensors(
    TensorView InputNorm, TensorView Q, TensorView K, TensorView V, TensorView O,
    TensorView PostAttentionNorm, TensorView Gate, TensorView Up, TensorView Down);

/// <summary>All tensors of a Llama model under their Hugging Face names, each checked for presence and shape.</summary>
internal sealed class LlamaTensors
{
    private readonly ModelFiles _files;
    private readonly HashSet<string> _used = new(StringComparer.Ordinal);

    public LlamaTensors(ModelFiles files, LlamaConfig config)
    {
        _files = files;
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
            RequireOneType(Layers[i].Q, Layers[i].K, Layers[i].V);
            RequireOneType(Layers[i].Gate, Layers[i].Up);
        }
        FinalNorm = Get("model.norm.weight", config.HiddenSize);
        const string Head = "lm_head.weight";
        // Some exporters write a tied head a second time; the config decides which one to use.
        _used.Add(Head);
        this.Head = config.TiedEmbeddings ? Embedding : Get(Head, config.VocabularySize, config.HiddenSize);
        RefuseTheRest();
    }

    /// <summary>Everything but the norms.</summary>
    public IEnumerable<TensorView> Matrices => [Embedding, .. Layers.SelectMany(layer => (TensorView[])[layer.Q, layer.K, layer.V, layer.O, layer.Gate, layer.Up, layer.Down]), Head];

    /// <summary>All tensors to load, each once.</summary>
    public IEnumerable<TensorView> All => Matrices.Concat(Layers.SelectMany(layer => (TensorView[])[layer.InputNorm, layer.PostAttentionNorm])).Append(FinalNorm).Distinct();

    public TensorView Embedding { get; }

    public LlamaLayerTensors[] Layers { get; }

    public TensorView FinalNorm { get; }

    /// <summary>The output projection; the embedding itself if the two are tied.</summary>
    public TensorView Head { get; }

    private TensorView Get(string name, params long[] shape)
    {
        if (!_files.Tensors.TryGetValue(name, out TensorView tensor))
            throw new ModelFileException(_files.Folder, $"tensor '{name}' is missing from the safetensors files");
        if (!tensor.Shape.AsSpan().SequenceEqual(shape))
        {
            throw new ModelFileException(_files.FileOf(name),
                $"tensor '{name}' has shape [{string.Join(", ", tensor.Shape)}], but config.json asks for [{string.Join(", ", shape)}]");
        }
        _used.Add(name);
        return tensor;
    }

    /// <summary>Projections that share an input are multiplied as one matrix.</summary>
    private void RequireOneType(TensorView first, params ReadOnlySpan<TensorView> others)
    {
        foreach (TensorView other in others)
        {
            if (other.Type != first.Type)
                throw new ModelFileException(_files.FileOf(other.Name), $"tensor '{other.Name}' is {other.Type} but '{first.Name}' is {first.Type}; store both in one type");
        }
    }

    private void RefuseTheRest()
    {
        foreach (string name in _files.Tensors.Keys)
        {
            // Old exports store the rotary frequencies; they are derived from config.json.
            if (_used.Contains(name) || name.EndsWith(".rotary_emb.inv_freq", StringComparison.Ordinal))
                continue;
            string problem = name.EndsWith(".bias", StringComparison.Ordinal) ? "models with biases are not supported" : "no Llama model of this config has it";
            throw new ModelFileException(_files.FileOf(name), $"tensor '{name}': {problem}");
        }
    }
}
