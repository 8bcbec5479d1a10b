using Sequoia.Native.Models;

namespace Sequoia.Native.Execution;

/// <summary>Which rows of a forward pass get logits.</summary>
internal enum LogitRows
{
    None,
    Last,
    All,
}

/// <summary>A Llama model at work on one sequence: its KV cache, its activations, and the forward pass.</summary>
internal sealed class LlamaSession : IDisposable
{
    private readonly Llama _model;
    private readonly Backend _backend;
    private readonly RopeTable _rope;
    private readonly Activations _residual, _normed, _queries, _attended, _hidden;

    /// <param name="model">The weights.</param>
    /// <param name="maxRows">The most tokens in one pass.</param>
    /// <param name="maxLogitRows">The most rows with logits in one pass.</param>
    /// <param name="capacity">Rows of the KV cache: committed tokens plus the tree.</param>
    public LlamaSession(Llama model, int maxRows, int maxLogitRows, int capacity)
    {
        _model = model;
        _backend = model.Backend;
        LlamaConfig config = model.Config;
        try
        {
            Cache = _backend.AllocateCache(config, capacity);
            _rope = _backend.LoadRope(config, capacity);
            _residual = _backend.Allocate(maxRows, config.HiddenSize);
            _normed = _backend.AllocateFactor(maxRows, config.HiddenSize);
            _queries = _backend.AllocateFactor(maxRows, config.Heads * config.HeadDim);
            _attended = _backend.AllocateFactor(maxRows, config.Heads * config.HeadDim);
            _hidden = _backend.AllocateFactor(maxRows, config.IntermediateSize);
            Logits = _backend.Allocate(maxLogitRows, config.VocabularySize);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public KvCache Cache { get; }

    /// <summary>The last pass's logits: one row per row of the pass, or its last row alone.</summary>
    public Activations Logits { get; }

    /// <summary>
    /// Computes the rows' nodes and leaves their keys and values behind the committed part of the cache. Rows of earlier passes
    /// over the same tree are seen; the cache's length does not change.
    /// </summary>
    public void Forward(TreeState state, TreeRows rows, LogitRows logits)
    {
        float epsilon = _model.Config.RmsNormEpsilon;
        int n = rows.Count;
        rows.Prefix = Cache.Length;
        _backend.Embed(_model.Embedding, state, rows, _residual);
        for (int i = 0; i < _model.Layers.Length; i++)
        {
            LlamaLayer layer = _model.Layers[i];
            _backend.RmsNorm(_residual, 0, n, layer.InputNorm, epsilon, _normed);
            _backend.ProjectQkv(layer.Qkv, _normed, _rope, Cache, i, state, rows, _queries);
            _backend.Attend(_queries, Cache, i, state, rows, _attended);
            _backend.MatMulAdd(layer.O, _attended, _residual, n);
            _backend.RmsNorm(_residual, 0, n, layer.PostAttentionNorm, epsilon, _normed);
            _backend.GateUp(layer.GateUp, _normed, _hidden, n);
            _backend.MatMulAdd(layer.Down, _hidden, _residual, n);
        }
        if (logits == LogitRows.None)
            return;
        int firstRow = logits == LogitRows.Last ? n - 1 : 0;
        _backend.RmsNorm(_residual, firstRow, n - firstRow, _model.FinalNorm, epsilon, _normed);
        _backend.MatMul(_model.Head, _normed, Logits, n - firstRow);
    }

    public void Dispose()
    {
        // Some are missing where the constructor failed.
        foreach (IDisposable? item in (IDisposable?[])[Cache, _rope, _residual, _normed, _queries, _attended, _hidden, Logits])
            item?.Dispose();
    }
}
