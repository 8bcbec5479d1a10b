namespace Sequoia.Interop;

/// <summary>Work that was captured from a stream. Not for use by several threads at once.</summary>
public sealed unsafe class CudaGraph : ContextObject
{
    internal CudaGraph(CudaContext context, nint graph) : base(context, context, graph, owned: true)
    {
    }

    /// <summary>How many operations it has.</summary>
    /// <exception cref="CudaException">The driver refused.</exception>
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

    /// <summary>Makes it ready to be launched again and again. The graph itself may then be disposed of.</summary>
    /// <exception cref="CudaException">The driver refused.</exception>
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
