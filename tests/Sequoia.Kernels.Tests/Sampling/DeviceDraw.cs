using Sequoia.Interop;
using Sequoia.Native.Diagnostics.Kernels;
using Sequoia.Native.Execution.Cuda.Parameters;
using Sequoia.SoftwareGpu;

namespace Sequoia.Kernels.Tests.Sampling;

/// <summary>What draw_children or its twin makes of a problem on the device.</summary>
internal sealed class DeviceDraw : IDisposable
{
    private readonly DrawProblem _problem;
    private readonly TreeBuffers _tree;
    private readonly DeviceBuffer<int> _nodeOfRow;
    private readonly DeviceBuffer<StepState> _state;

    public DeviceDraw(DrawProblem problem)
    {
        _problem = problem;
        CudaContext gpu = KernelUnderTest.Gpu;
        _tree = new TreeBuffers(problem.Tree, problem.NodeOfRow);
        _nodeOfRow = gpu.Upload<int>([.. problem.NodeOfRow, int.MinValue]);
        _state = gpu.Upload<StepState>([new() { Step = problem.Random.Step, Committed = -1 }]);
        int[] tokens = new int[problem.Tree.Size];
        Array.Fill(tokens, -1);
        TokOfNode = gpu.Upload<int>(tokens);
        Scale = gpu.Allocate<RowScale>(problem.Rows + 1);
    }

    public DeviceTree Tree => _tree.Shape;

    public DeviceBuffer<int> TokOfNode { get; }

    public DeviceBuffer<RowScale> Scale { get; }

    public LogitDamage Errors => _state.ToArray()[0].Errors;

    private DrawChildren Parameters => new DrawChildren
    {
        Logits = _problem.Logits.Device.Handle,
        NodeOfRow = _nodeOfRow.Handle,
        Tree = _tree.Shape,
        TokOfNode = TokOfNode.Handle,
        Scale = Scale.Handle,
        State = _state.Handle,
        Seed = _problem.Random.Seed,
        Vocabulary = _problem.Vocabulary,
        Stride = _problem.Logits.Stride,
    }.By(_problem.State.Method, _problem.Options);

    public LaunchReport Run(KernelUnderTest kernel) =>
        kernel.Launch(_problem.Rows, Parameters, SharedMemory.ForRow(_problem.Vocabulary));

    public void RunTwin(KernelUnderTest twin)
    {
        int stride = SharedMemory.WorkspaceForRow(_problem.Vocabulary) + 64;
        using DeviceBuffer<float> workspace = KernelUnderTest.Gpu.Allocate<float>((long)_problem.Rows * stride);
        var parameters = new TwinKernels.RowsTwin<DrawChildren> { Kernel = Parameters, Workspace = workspace.Handle, WorkspaceStride = stride, Rows = _problem.Rows };
        twin.Launch((_problem.Rows + twin.Threads - 1) / twin.Threads, parameters);
    }

    public void Dispose()
    {
        _tree.Dispose();
        _nodeOfRow.Dispose();
        _state.Dispose();
        TokOfNode.Dispose();
        Scale.Dispose();
    }
}
