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

    public Accumulators Logits => Workspace.Logits;

    /// <summary>
    /// Computes the pass's rows. Stores their keys and values in the pool and the requested logits in <see cref="Logits"/>. Rows of earlier
    /// passes over the same trees are visible.
    /// </summary>
    public void Run(WorkQueue queue, Pass pass)
    {
        Run(queue, pass, PassOperation.Embed);
        for (int i = 0; i < _model.Layers.Count; i++)
        {
            LlamaLayer layer = _model.Layers.Layer(queue, i);
            for (PassOperation operation = PassOperation.InputNorm; operation <= PassOperation.Down; operation++)
                Run(queue, pass, operation, layer, i);
        }
        if (pass.LogitRows == 0)
            return;
        Run(queue, pass, PassOperation.FinalNorm);
        Run(queue, pass, PassOperation.Head);
    }

    /// <summary>Runs one operation by itself: in every layer, if layers have it.</summary>
    public void Run(WorkQueue queue, Pass pass, PassOperation operation)
    {
        int n = pass.Count;
        switch (operation)
        {
            case PassOperation.Embed:
                _backend.Embed(queue, _model.Embedding, pass, Workspace.Residual);
                break;
            case PassOperation.FinalNorm:
                _backend.RmsNorm(queue, Workspace.Residual, n - pass.LogitRows, pass.LogitRows, _model.FinalNorm, _model.Config.RmsNormEpsilon, Workspace.Normed);
                break;
            case PassOperation.Head:
                _backend.MatMul(queue, _model.Head, Workspace.Normed, Workspace.Logits, pass.FirstLogit, pass.LogitRows);
                break;
            default:
                for (int i = 0; i < _model.Layers.Count; i++)
                    Run(queue, pass, operation, _model.Layers.Layer(queue, i), i);
                break;
        }
    }

    private void Run(WorkQueue queue, Pass pass, PassOperation operation, LlamaLayer layer, int index)
    {
        float epsilon = _model.Config.RmsNormEpsilon;
        Workspace at = Workspace;
        int n = pass.Count;
        switch (operation)
        {
            case PassOperation.InputNorm:
                _backend.RmsNorm(queue, at.Residual, 0, n, layer.InputNorm, epsilon, at.Normed);
                break;
            case PassOperation.Qkv:
                _backend.ProjectQkv(queue, layer.Qkv, at.Normed, _rope, Pool, index, pass, at.Queries);
                break;
            case PassOperation.Attend:
                _backend.Attend(queue, at.Queries, Pool, index, pass, at.Attended);
                break;
            case PassOperation.O:
                _backend.MatMulAdd(queue, layer.O, at.Attended, at.Residual, n);
                break;
            case PassOperation.PostAttentionNorm:
                _backend.RmsNorm(queue, at.Residual, 0, n, layer.PostAttentionNorm, epsilon, at.Normed);
                break;
            case PassOperation.GateUp:
                _backend.GateUp(queue, layer.GateUp, at.Normed, at.Hidden, n);
                break;
            case PassOperation.Down:
                _backend.MatMulAdd(queue, layer.Down, at.Hidden, at.Residual, n);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(operation), operation, "no layer has it");
        }
    }

    public void Dispose()
    {
        Workspace.Dispose();
        _rope.Dispose();
    }
}

/// <summary>The operations of a pass, in order. Those from <see cref="InputNorm"/> to <see cref="Down"/> come once in every layer.</summary>
internal enum PassOperation
{
    Embed,
    InputNorm,
    Qkv,
    Attend,
    O,
    PostAttentionNorm,
    GateUp,
    Down,
    FinalNorm,
    Head,
}
