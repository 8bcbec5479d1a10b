using System.Runtime.InteropServices;
using Sequoia.Interop;

namespace Sequoia.SoftwareGpu.Driver;

/// <summary>Graphs.</summary>
internal static unsafe partial class EntryPoints
{
    [UnmanagedCallersOnly(EntryPoint = nameof(cuGraphGetNodes))]
    public static CudaResult cuGraphGetNodes(nint graph, nint* nodes, nuint* count) => Guarded(() =>
    {
        GpuGraphNode[] all = Graph(graph).Shape.Nodes;
        if (nodes is not null)
        {
            for (int i = 0; i < all.Length && (nuint)i < *Given(count); i++)
                nodes[i] = (all[i].Handle != 0 ? all[i] : Call.Gpu.Handles.Add(all[i])).Handle;
        }
        *Given(count) = (nuint)all.Length;
    });

    [UnmanagedCallersOnly(EntryPoint = nameof(cuGraphInstantiateWithFlags))]
    public static CudaResult cuGraphInstantiateWithFlags(nint* executable, nint graph, ulong flags) => Guarded(() =>
    {
        Given(executable);
        Context context = Call.Context;
        GpuGraphExecutable made = Call.Gpu.Handles.Add(new GpuGraphExecutable(Graph(graph)));
        context.Owned.Add(made);
        *executable = made.Handle;
    });

    [UnmanagedCallersOnly(EntryPoint = nameof(cuGraphExecUpdate_v2))]
    public static CudaResult cuGraphExecUpdate_v2(nint executable, nint graph, GraphUpdateResult* result)
    {
        try
        {
            using var call = new Call();
            (GraphUpdateOutcome outcome, GpuGraphNode? node) = Executable(executable).Update(Graph(graph));
            if (result is not null)
                *result = new GraphUpdateResult { Outcome = outcome, ErrorNode = node?.Handle ?? 0 };
            return outcome == GraphUpdateOutcome.Updated ? CudaResult.Success
                : throw new DriverError(CudaResult.GraphExecUpdateFailure, $"the graph differs from the instantiated one: {outcome}");
        }
        catch (Exception e)
        {
            return Failure.Of(e);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = nameof(cuGraphLaunch))]
    public static CudaResult cuGraphLaunch(nint executable, nint stream)
    {
        try
        {
            using var call = new Call();
            GpuStream queue = Call.Context.Stream(stream);
            Call.Healthy(queue.Context);
            Executable(executable).Launch(queue);
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failure.Of(e);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = nameof(cuGraphDestroy))]
    public static CudaResult cuGraphDestroy(nint graph) => Guarded(() =>
    {
        GpuGraph gone = Graph(graph);
        Call.Context.Remove(gone);
        Array.ForEach(gone.Shape.Nodes, Call.Gpu.Handles.Remove);
    });

    [UnmanagedCallersOnly(EntryPoint = nameof(cuGraphExecDestroy))]
    public static CudaResult cuGraphExecDestroy(nint executable) => Guarded(() => Call.Context.Remove(Executable(executable)));

    private static GpuGraph Graph(nint handle) => Call.Gpu.Handles.Get<GpuGraph>(handle, "graph");

    private static GpuGraphExecutable Executable(nint handle) => Call.Gpu.Handles.Get<GpuGraphExecutable>(handle, "executable graph");
}
