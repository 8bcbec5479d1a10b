namespace Sequoia.Interop;

/// <summary>Work captured from a stream. Not thread-safe.</summary>
public sealed unsafe class CudaGraph : ContextObject
{
    internal CudaGraph(CudaContext context, nint graph) : base(context, context, graph, owned: true)
    {
    }

    /// <summary>The number of operations in the graph.</summary>
    /// <exception cref="CudaException">The driver rejected the call.</exception>
    public int NodeCount
    {
        get
        {
            nuint count;
            using (Context.Enter())
                Driver.Check(Api.cuGraphGetNodes(Handle, null, &count));
            GC.KeepAlive(this);
            return (int)count;
        }
    }

    /// <summary>Instantiates the graph for repeated launches. The graph itself can then be disposed.</summary>
    /// <exception cref="CudaException">The driver rejected the graph.</exception>
    public ExecutableGraph Instantiate()
    {
        nint executable;
        using (Context.Enter())
            Driver.Check(Api.cuGraphInstantiateWithFlags(&executable, Handle, 0));
        GC.KeepAlive(this);
        return new ExecutableGraph(Context, executable);
    }

    private protected override CudaResult Release(nint value) => Api.cuGraphDestroy(value);
}
