using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Sequoia.Training.Modelling;

/// <summary>A Llama in float32: forward pass for training, and with a cache for generating.</summary>
internal sealed class Llama
{
    private readonly Rope _rope = new();

    public Llama(LlamaShape shape, IReadOnlyDictionary<string, Tensor> weights)
    {
        Shape = shape;
        Weights = weights;
    }

    public LlamaShape Shape { get; }

    /// <summary>By Hugging Face name.</summary>
    public IReadOnlyDictionary<string, Tensor> Weights { get; }

    /// <summary>In training: the share of what each layer adds that is left out at random. Few texts are read many times.</summary>
    public double Dropout { get; init; }

    /// <summary>Normal weights; those that write into the residual stream are smaller the more layers add up there.</summary>
    public static Llama Initialize(LlamaShape shape, double dropout = 0)
    {
        var weights = new Dictionary<string, Tensor>();
        foreach ((string name, long[] size) in shape.Tensors())
        {
            bool writes = name.Contains("o_proj", StringComparison.Ordinal) || name.Contains("down_proj", StringComparison.Ordinal);
            double deviation = size.Length == 2 && name.Contains("layers", StringComparison.Ordinal)
                ? 0.7 / Math.Sqrt(size[1]) / (writes ? Math.Sqrt(2 * shape.Layers) : 1)
                : 0.02;
            Tensor weight = size.Length == 1 ? ones(size) : randn(size) * deviation;
            weights[name] = weight.requires_grad_(true).DetachFromDisposeScope();
        }

        return new Llama(shape, weights) { Dropout = dropout };
    }

    /// <summary>Logits [batch, positions, vocabulary] of <paramref name="ids"/> [batch, positions].</summary>
    public Tensor Forward(Tensor ids, KvCache? cache = null)
    {
        Tensor embedding = Weights["model.embed_tokens.weight"];
        Tensor x = embedding.index_select(0, ids.flatten()).reshape([.. ids.shape, Shape.Dim]);
        for (int layer = 0; layer < Shape.Layers; layer++)
        {
            string prefix = $"model.layers.{layer}.";
            x = x + Drop(Attend(Norm(x, prefix + "input_layernorm"), prefix + "self_attn.", layer, cache));
            Tensor y = Norm(x, prefix + "post_attention_layernorm");
            Tensor gate = F.silu(Project(y, prefix + "mlp.gate_proj"));
            x = x + Drop(Project(gate * Project(y, prefix + "mlp.up_proj"), prefix + "mlp.down_proj"));
        }

        cache?.Advance(ids.shape[1]);
        return F.linear(Norm(x, "model.norm"), embedding);
    }

    private Tensor Attend(Tensor x, string prefix, int layer, KvCache? cache)
    {
        long start = cache?.Length ?? 0;
        Tensor q = _rope.Apply(Heads(Project(x, prefix + "q_proj")), start);
        Tensor k = _rope.Apply(Heads(Project(x, prefix + "k_proj")), start);
        Tensor v = Heads(Project(x, prefix + "v_proj"));
        if (cache != null) (k, v) = cache.Append(layer, k, v);
        int group = Shape.Heads / Shape.KvHeads;
        Tensor mixed;
        if (start > 0)
        {
            // Behind a cache only one position at a time comes in. It sees everything, so the heads that share keys
            // can be asked as if they were positions, and nothing is repeated.
            Tensor grouped = q.reshape(q.shape[0], Shape.KvHeads, group, LlamaShape.HeadDim);
            mixed = F.scaled_dot_product_attention(grouped, k, v).reshape(q.shape);
        }
        else
        {
            if (group > 1) (k, v) = (k.repeat_interleave(group, 1), v.repeat_interleave(group, 1));
            mixed = F.scaled_dot_product_attention(q, k, v, is_casual: true);
        }

        return Project(mixed.transpose(1, 2).flatten(2), prefix + "o_proj");
    }

    private Tensor Drop(Tensor x) => Dropout > 0 && is_grad_enabled() ? F.dropout(x, Dropout) : x;

    private static Tensor Heads(Tensor x) => x.unflatten(2, -1, LlamaShape.HeadDim).transpose(1, 2);

    private Tensor Project(Tensor x, string name) => F.linear(x, Weights[name + ".weight"]);

    private Tensor Norm(Tensor x, string name)
    {
        Tensor scale = x.square().mean([-1], keepdim: true).add(LlamaShape.NormEpsilon).rsqrt();
        return x * scale * Weights[name + ".weight"];
    }
}
