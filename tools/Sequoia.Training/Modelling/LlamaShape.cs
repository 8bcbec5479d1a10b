namespace Sequoia.Training.Modelling;

/// <summary>The numbers of a Llama. Every head has 32 dimensions, the head is tied to the embedding.</summary>
internal sealed record LlamaShape(int Dim, int Ffn, int Layers, int Heads, int KvHeads)
{
    public const int HeadDim = 32;
    public const int Vocabulary = TokenizerCommand.PieceCount;
    public const int Positions = 512;
    public const double RopeTheta = 10000;
    public const double NormEpsilon = 1e-5;

    /// <summary>Just below 12 million parameters, most of them in feed-forward layers.</summary>
    public static LlamaShape Target(int layers, int ffn) => new(Dim: 256, ffn, layers, Heads: 8, KvHeads: 4);

    /// <summary>At most a tenth of the target. Two layers or more, so that names from further back can be copied.</summary>
    public static LlamaShape Draft(int dim, int layers, int ffn) => new(dim, ffn, layers, dim / HeadDim, dim / HeadDim);

    public long ParameterCount => Tensors().Sum(t => t.Shape.Aggregate(1L, (product, n) => product * n));

    /// <summary>Every tensor by its Hugging Face name, with its shape (rows are outputs).</summary>
    public IEnumerable<(string Name, long[] Shape)> Tensors()
    {
        yield return ("model.embed_tokens.weight", [Vocabulary, Dim]);
        for (int layer = 0; layer < Layers; layer++)
        {
            string prefix = $"model.layers.{layer}.";
            yield return (prefix + "input_layernorm.weight", [Dim]);
            yield return (prefix + "self_attn.q_proj.weight", [Heads * HeadDim, Dim]);
            yield return (prefix + "self_attn.k_proj.weight", [KvHeads * HeadDim, Dim]);
            yield return (prefix + "self_attn.v_proj.weight", [KvHeads * HeadDim, Dim]);
            yield return (prefix + "self_attn.o_proj.weight", [Dim, Heads * HeadDim]);
            yield return (prefix + "post_attention_layernorm.weight", [Dim]);
            yield return (prefix + "mlp.gate_proj.weight", [Ffn, Dim]);
            yield return (prefix + "mlp.up_proj.weight", [Ffn, Dim]);
            yield return (prefix + "mlp.down_proj.weight", [Dim, Ffn]);
        }

        yield return ("model.norm.weight", [Dim]);
    }
}
