using Sequoia.Native.Models;

namespace Sequoia.Native.Execution;

/// <summary>The weights of one decoder layer on a device; projections that share an input are stacked.</summary>
internal sealed record LlamaLayer(Weight InputNorm, Weight Qkv, Weight O, Weight PostAttentionNorm, Weight GateUp, Weight Down);

/// <summary>The weights of a Llama model on a device. Immutable, shared by all sessions.</summary>
internal sealed class Llama
{
    public Llama(Backend backend, LlamaConfig config, LlamaTensors tensors)
    {
        Backend = backend;
        Config = config;
        Embedding = backend.Load(tensors.Embedding);
        Layers = [.. tensors.Layers.Select(t => new LlamaLayer(
            backend.Load(t.InputNorm), backend.LoadQkv(t.Q, t.K, t.V, config.HeadDim), backend.Load(t.O),
            backend.Load(t.PostAttentionNorm), backend.LoadGateUp(t.Gate, t.Up), backend.Load(t.Down)))];
        FinalNorm = backend.Load(tensors.FinalNorm);
        Head = config.TiedEmbeddings ? Embedding : backend.Load(tensors.Head);
        // A copy may return before the device has it, and queues do not wait for what came outside of them.
        backend.Wait();
    }

    public Backend Backend { get; }

    public LlamaConfig Config { get; }

    public Weight Embedding { get; }

    public LlamaLayer[] Layers { get; }

    public Weight FinalNorm { get; }

    public Weight Head { get; }
}
