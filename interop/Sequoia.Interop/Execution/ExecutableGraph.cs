namespace Sequoia.Interop;

/// <summary>A graph that is ready to launch. Launches of one graph do not overlap. Not thread-safe.</summary>
public sealed unsafe class ExecutableGraph : ContextObject
{
    internal ExecutableGraph(CudaContext context, nint executable) : base(context, context, executable, owned: true)
    {
    }

    /// <summary>Launches the graph in the stream. If the stream is null, the default stream is used.</summary>
    /// <exception cref="CudaException">The driver rejected the launch.</exception>
    public void Launch(CudaStream? stream = null)
    {
        using (Context.Enter())
            Driver.Check(Api.cuGraphLaunch(Handle, CudaStream.HandleOf(stream)));
        GC.KeepAlive(this);
        GC.KeepAlive(stream);
    }

    /// <summary>
    /// Takes the parameters of a graph of the same shape, which is cheaper than instantiating that graph. If the graphs differ too much, the result
    /// gives the reason and nothing changes.
    /// </summary>
    /// <exception cref="CudaException">The driver rejected the update for another reason.</exception>
    public GraphUpdateOutcome Update(CudaGraph graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        var update = default(GraphUpdateResult);
        using (Context.Enter())
        {
            CudaResult result = Api.cuGraphExecUpdate_v2(Handle, graph.Handle, &update);
            if (result != CudaResult.GraphExecUpdateFailure)
                Driver.Check(result, nameof(DriverTable.cuGraphExecUpdate_v2));
        }
        GC.KeepAlive(this);
        GC.KeepAlive(graph);
        return update.Outcome;
    }

    private protected override CudaResult Release(nint value) => Api.cuGraphExecDestroy(value);
}
