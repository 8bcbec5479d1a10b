using Sequoia.Native.Models;

namespace Sequoia.Native.Backends;

/// <summary>
/// The weights of one decoder layer on a device; projections that share an input are stacked. <paramref name="NextNorm"/> is the input norm of the next
/// layer, or the model's final norm.
/// </summary>
internal sealed record LlamaLayer(Matrix Qkv, Matrix O, Matrix PostAttentionNorm, Matrix GateUp, Matrix Down, Matrix NextNorm);

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
        Tensors = tensors;
        Embedding = Loaded(backend.LoadEmbedding(tensors.Embedding), tensors.Embedding);
        TensorView[] norms = [.. tensors.Layers.Select(layer => layer.InputNorm), tensors.FinalNorm];
        FirstNorm = Loaded(backend.Load(norms[0]), norms[0]);
        Layers = new ResidentLayers([.. tensors.Layers.Select((t, i) => new LlamaLayer(
            Loaded(backend.LoadQkv(t.Q, t.K, t.V, config.HeadDim), t.Q, t.K, t.V),
            Loaded(backend.Load(t.O), t.O),
            Loaded(backend.Load(t.PostAttentionNorm), t.PostAttentionNorm),
            Loaded(backend.LoadGateUp(t.Gate, t.Up), t.Gate, t.Up),
            Loaded(backend.Load(t.Down), t.Down),
            Loaded(backend.Load(norms[i + 1]), norms[i + 1])))]);
        Head = config.TiedEmbeddings ? backend.LoadTiedHead(Embedding, tensors.Head) : Loaded(backend.Load(tensors.Head), tensors.Head);

        Matrix Loaded(Matrix matrix, params ReadOnlySpan<TensorView> from)
        {
            foreach (TensorView tensor in from)
                loaded?.Invoke(tensor);
            return matrix;
        }
    }

    public Backend Backend { get; }

    public LlamaConfig Config { get; }

    /// <summary>The weights as they are stored.</summary>
    public LlamaTensors Tensors { get; }

    public Matrix Embedding { get; }

    /// <summary>The input norm of the first layer.</summary>
    public Matrix FirstNorm { get; }

    public LayerSource Layers { get; }

    public Matrix Head { get; }
}
