namespace Sequoia.Native.Backends;

/// <summary>A Llama model's forward pass, over rows of any number of sequences whose keys and values are in one pool.</summary>
internal sealed class ForwardPass : IDisposable
{
    private readonly Llama _model;
    private readonly Backend _backend;
    private readonly RopeTable _rope;

    public ForwardPass(Llama model, KvPool pool, WorkspaceSize size)
    {
        (_model, _backend, Pool) = (model, model.Backend, pool);
        _rope = _backend.LoadRope(model.Config, size.Positions);
        try
        {
            Workspace = _backend.CreateWorkspace(model, size);
        }
        catch
        {
            _rope.Dispose();
            throw;
        }
    }

    public KvPool Pool { get; }

    public Workspace Workspace { get; }

    public Activations Logits => Workspace.Logits;

    /// <summary>
    /// Computes the pass's rows. Stores their keys and values in the pool and the requested logits in <see cref="Logits"/>. Rows of earlier
    /// passes over the same trees are visible.
    /// </summary>
    public void Run(WorkQueue queue, Pass pass)
    {
        float epsilon = _model.Config.RmsNormEpsilon;
        Workspace at = Workspace;
        int n = pass.Count;
        _backend.Embed(queue, _model.Embedding, pass, at.Residual);
        for (int i = 0; i < _model.Layers.Count; i++)
        {
            LlamaLayer layer = _model.Layers.Layer(queue, i);
            _backend.RmsNorm(queue, at.Residual, 0, n, layer.InputNorm, epsilon, at.Normed);
            _backend.ProjectQkv(queue, layer.Qkv, at.Normed, _rope, Pool, i, pass, at.Queries);
            _backend.Attend(queue, at.Queries, Pool, i, pass, at.Attended);
            _backend.MatMulAdd(queue, layer.O, at.Attended, at.Residual, n);
            _backend.RmsNorm(queue, at.Residual, 0, n, layer.PostAttentionNorm, epsilon, at.Normed);
            _backend.GateUp(queue, layer.GateUp, at.Normed, at.Hidden, n);
            _backend.MatMulAdd(queue, layer.Down, at.Hidden, at.Residual, n);
        }
        if (pass.LogitRows == 0)
            return;
        _backend.RmsNorm(queue, at.Residual, n - pass.LogitRows, pass.LogitRows, _model.FinalNorm, epsilon, at.Normed);
        _backend.MatMul(queue, _model.Head, at.Normed, at.Logits, pass.FirstLogit, pass.LogitRows);
    }

    public void Dispose()
    {
        Workspace.Dispose();
        _rope.Dispose();
    }
}
