using Sequoia.Native.Models;

namespace Sequoia.Native.Backends;

/// <summary>The weights of one decoder layer on a device; projections that share an input are stacked.</summary>
internal sealed record LlamaLayer(Matrix InputNorm, Matrix Qkv, Matrix O, Matrix PostAttentionNorm, Matrix GateUp, Matrix Down);

/// <summary>Provides a layer's weights when a pass reaches it.</summary>
internal abstract class LayerSource
{
    public abstract int Count { get; }

    /// <summary>The weights, for work that is queued from now on.</summary>
    public abstract LlamaLayer Layer(WorkQueue queue, int index);
}

/// <summary>All layers stay on the device for the model's lifetime.</summary>
internal sealed class ResidentLayers(IReadOnlyList<LlamaLayer> layers) : LayerSource
{
    public override int Count => layers.Count;

    public override LlamaLayer Layer(WorkQueue queue, int index) => layers[index];
}

/// <summary>The weights of a Llama model on a device. Immutable; shared by all users of the model.</summary>
internal sealed class Llama
{
    /// <param name="backend">The device.</param>
    /// <param name="config">The model's shape.</param>
    /// <param name="tensors">The stored weights.</param>
    /// <param name="loaded">Called after each tensor is on the device; may throw to stop.</param>
    public Llama(Backend backend, LlamaConfig config, LlamaTensors tensors, Action<TensorView>? loaded = null)
    {
        Backend = backend;
        Config = config;
        Embedding = Loaded(backend.Load(tensors.Embedding), tensors.Embedding);
        Layers = new ResidentLayers([.. tensors.Layers.Select(t => new LlamaLayer(
            Loaded(backend.Load(t.InputNorm), t.InputNorm),
            Loaded(backend.LoadQkv(t.Q, t.K, t.V, config.HeadDim), t.Q, t.K, t.V),
            Loaded(backend.Load(t.O), t.O),
            Loaded(backend.Load(t.PostAttentionNorm), t.PostAttentionNorm),
            Loaded(backend.LoadGateUp(t.Gate, t.Up), t.Gate, t.Up),
            Loaded(backend.Load(t.Down), t.Down)))]);
        FinalNorm = Loaded(backend.Load(tensors.FinalNorm), tensors.FinalNorm);
        Head = config.TiedEmbeddings ? Embedding : Loaded(backend.Load(tensors.Head), tensors.Head);

        Matrix Loaded(Matrix matrix, params ReadOnlySpan<TensorView> from)
        {
            foreach (TensorView tensor in from)
                loaded?.Invoke(tensor);
            return matrix;
        }
    }

    public Backend Backend { get; }

    public LlamaConfig Config { get; }

    public Matrix Embedding { get; }

    public LayerSource Layers { get; }

    public Matrix FinalNorm { get; }

    public Matrix Head { get; }
}
