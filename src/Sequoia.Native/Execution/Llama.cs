using Sequoia.Native.Models;

namespace Sequoia.Native.Execution;

/// <summary>The weights of one decoder layer on a device; projections that share an input are stacked.</summary>
internal sealed record LlamaLayer(Weight InputNorm, Weight Qkv, Weight O, Weight PostAttentionNorm, Weight GateUp, Weight Down);

/// <summary>The weights of a Llama model on a device. Immutable, shared by all sessions.</summary>
internal sealed class Llama
{
    /// <param name="backend">The device.</param>
    /// <param name="config">The model's shape.</param>
    /// <param name="tensors">Where its weights are stored.</param>
    /// <param name="loaded">Called with each tensor that is on the device; may throw to stop.</param>
    public Llama(Backend backend, LlamaConfig config, LlamaTensors tensors, Action<TensorView>? loaded = null)
    {
        Backend = backend;
        Config = config;
        Embedding = Loaded(backend.Load(tensors.Embedding), tensors.Embedding);
        Layers = [.. tensors.Layers.Select(t => new LlamaLayer(
            Loaded(backend.Load(t.InputNorm), t.InputNorm),
            Loaded(backend.LoadQkv(t.Q, t.K, t.V, config.HeadDim), t.Q, t.K, t.V),
            Loaded(backend.Load(t.O), t.O),
            Loaded(backend.Load(t.PostAttentionNorm), t.PostAttentionNorm),
            Loaded(backend.LoadGateUp(t.Gate, t.Up), t.Gate, t.Up),
            Loaded(backend.Load(t.Down), t.Down)))];
        FinalNorm = Loaded(backend.Load(tensors.FinalNorm), tensors.FinalNorm);
        Head = config.TiedEmbeddings ? Embedding : Loaded(backend.Load(tensors.Head), tensors.Head);
        // A copy may return before the device has it, and queues do not wait for what came outside of them.
        backend.Wait();

        Weight Loaded(Weight weight, params ReadOnlySpan<TensorView> from)
        {
            foreach (TensorView tensor in from)
                loaded?.Invoke(tensor);
            return weight;
        }
    }

    public Backend Backend { get; }

    public LlamaConfig Config { get; }

    public Weight Embedding { get; }

    public LlamaLayer[] Layers { get; }

    public Weight FinalNorm { get; }

    public Weight Head { get; }
}
