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
    /// <exception cref="OperationCanceledException">It was cancelled while it waited for weights; its results are incomplete.</exception>
    public void Run(WorkQueue queue, Pass pass, CancellationToken cancellation = default)
    {
        _backend.BeginPass(pass.LogitRows > 0, cancellation);
        try
        {
            Run(queue, pass, PassOperation.Embed);
            for (int i = 0; i < _model.Layers.Count; i++)
            {
                LlamaLayer layer = _model.Layers.Layer(queue, i);
                for (PassOperation operation = PassOperation.Qkv; operation <= PassOperation.Down; operation++)
                    Run(queue, pass, operation, layer, i);
            }
            if (pass.LogitRows > 0)
                Run(queue, pass, PassOperation.Head);
        }
        finally
        {
            _backend.EndPass();
        }
    }

    /// <summary>Runs all layers again, without the embedding before and the output projection behind, for measurements.</summary>
    public void RunLayers(WorkQueue queue, Pass pass)
    {
        _backend.BeginPass(logits: false, CancellationToken.None);
        try
        {
            for (PassOperation operation = PassOperation.Qkv; operation <= PassOperation.Down; operation++)
                Run(queue, pass, operation);
        }
        finally
        {
            _backend.EndPass();
        }
    }

    /// <summary>Runs one operation by itself: in every layer, if layers have it.</summary>
    public void Run(WorkQueue queue, Pass pass, PassOperation operation)
    {
        switch (operation)
        {
            case PassOperation.Embed:
                _backend.Embed(queue, _model.Embedding, pass, Workspace.Residual, Norm(_model.FirstNorm, 0, Workspace.InputNormed));
                break;
            case PassOperation.Head:
                _backend.MatMul(queue, _model.Head, Workspace.InputNormed, Workspace.Logits, pass.FirstLogit, pass.LogitRows);
                break;
            default:
                for (int i = 0; i < _model.Layers.Count; i++)
                    Run(queue, pass, operation, _model.Layers.Layer(queue, i), i);
                break;
        }
    }

    private void Run(WorkQueue queue, Pass pass, PassOperation operation, LlamaLayer layer, int index)
    {
        Workspace at = Workspace;
        int n = pass.Count;
        switch (operation)
        {
            case PassOperation.Qkv:
                _backend.ProjectQkv(queue, layer.Qkv, at.InputNormed, _rope, Pool, index, pass, at.Queries);
                break;
            case PassOperation.Attend:
                _backend.Attend(queue, at.Queries, Pool, index, pass, at.Attended);
                break;
            case PassOperation.O:
                _backend.MatMulAdd(queue, layer.O, at.Attended, at.Residual, n, Norm(layer.PostAttentionNorm, 0, at.PostAttentionNormed));
                break;
            case PassOperation.GateUp:
                _backend.GateUp(queue, layer.GateUp, at.PostAttentionNormed, at.Hidden, n);
                break;
            case PassOperation.Down:
                _backend.MatMulAdd(queue, layer.Down, at.Hidden, at.Residual, n, Norm(layer.NextNorm, FirstNormed(pass, index), at.InputNormed));
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

    private NextNorm Norm(Matrix weight, int firstRow, Activations y) => new(weight, _model.Config.RmsNormEpsilon, firstRow, y);

    // Behind the last layer only the rows that have logits.
    private int FirstNormed(Pass pass, int layer) => layer == _model.Layers.Count - 1 ? pass.Count - pass.LogitRows : 0;
}

/// <summary>
/// The operations of a pass, in order. Those from <see cref="Qkv"/> to <see cref="Down"/> come once in every layer. Embed, O and Down include the norm
/// behind them.
/// </summary>
internal enum PassOperation
{
    Embed,
    Qkv,
    Attend,
    O,
    GateUp,
    Down,
    Head,
}
