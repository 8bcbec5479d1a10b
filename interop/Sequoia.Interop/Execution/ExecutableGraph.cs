namespace Sequoia.Interop;

/// <summary>A graph ready to be launched. Launches of one do not overlap. Not for use by several threads at once.</summary>
public sealed unsafe class ExecutableGraph : ContextObject
{
    internal ExecutableGraph(CudaContext context, nint executable) : base(context, context, executable, owned: true)
    {
    }

    /// <summary>Puts all of its work into the stream; null is the default stream.</summary>
    /// <exception cref="CudaException">The driver refused.</exception>
    public void Launch(CudaStream? stream = null)
    {
        using (Context.Enter())
            Driver.Check(Api.cuGraphLaunch(Handle, CudaStream.HandleOf(stream)));
        GC.KeepAlive(this);
        GC.KeepAlive(stream);
    }

    /// <summary>
    /// Takes over the parameters of a graph of the same shape, which costs less than instantiating that one. Where the graphs differ too
    /// much, the answer says why and nothing has changed.
    /// </summary>
    /// <exception cref="CudaException">The driver refused for another reason.</exception>
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
