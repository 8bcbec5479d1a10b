using Sequoia.Interop;
using Sequoia.Native.Diagnostics.Kernels;
using Sequoia.Native.Execution.Cuda.Parameters;
using Sequoia.Native.Sampling;
using Sequoia.SoftwareGpu;

namespace Sequoia.Kernels.Tests.Sampling;

/// <summary>What verify_tree or its twin makes of a problem on the device.</summary>
internal sealed class DeviceVerify : IDisposable
{
    private readonly VerifyProblem _problem;
    private readonly DeviceDraw _draw;
    private readonly DeviceBuffer<StepState> _state;
    private readonly DeviceBuffer<DeviceVerdict> _verdict;
    private readonly DeviceBuffer<int> _path, _toks;

    public DeviceVerify(VerifyProblem problem, DeviceDraw draw)
    {
        (_problem, _draw) = (problem, draw);
        CudaContext gpu = KernelUnderTest.Gpu;
        _state = gpu.Allocate<StepState>(1);
        _verdict = gpu.Allocate<DeviceVerdict>(1);
        _path = gpu.Allocate<int>(problem.Tree.Levels);
        _toks = gpu.Allocate<int>(problem.Tree.Levels);
    }

    public LogitDamage Errors => _state.ToArray()[0].Errors;

    public DeviceVerdict Verdict => _verdict.ToArray()[0];

    public int[] Path => First(_path);

    /// <summary>What the step commits.</summary>
    public int[] Tokens => First(_toks);

    public LaunchReport Run(KernelUnderTest kernel, RandomKey random, LogitDamage errors = LogitDamage.None) =>
        kernel.Launch(1, Parameters(random, errors), SharedMemory.ForRow(_problem.Draft.Vocabulary));

    public void RunTwin(KernelUnderTest twin, RandomKey random)
    {
        int vocabulary = _problem.Draft.Vocabulary;
        using DeviceBuffer<float> workspace = KernelUnderTest.Gpu.Allocate<float>((2 * vocabulary) + SharedMemory.WorkspaceForRow(vocabulary));
        twin.Launch(1, new TwinKernels.TreeTwin { Kernel = Parameters(random, LogitDamage.None), Workspace = workspace.Handle });
    }

    public void Dispose()
    {
        _state.Dispose();
        _verdict.Dispose();
        _path.Dispose();
        _toks.Dispose();
    }

    private int[] First(DeviceBuffer<int> levels)
    {
        int[] first = new int[Verdict.Length];
        levels.CopyTo(first);
        return first;
    }

    private VerifyTree Parameters(RandomKey random, LogitDamage errors)
    {
        _state.CopyFrom([new() { Step = random.Step, Committed = -1, Errors = errors }]);
        return new()
        {
            Target = _problem.Target.Device.Handle,
            Draft = _problem.Draft.Logits.Device.Handle,
            Scale = _draw.Scale.Handle,
            Tree = _draw.Tree,
            TokOfNode = _draw.TokOfNode.Handle,
            State = _state.Handle,
            Verdict = _verdict.Handle,
            Path = _path.Handle,
            Toks = _toks.Handle,
            Seed = random.Seed,
            Law = new SamplingLaw(_problem.Draft.Options),
            Vocabulary = _problem.Draft.Vocabulary,
            TargetStride = _problem.Target.Stride,
            DraftStride = _problem.Draft.Logits.Stride,
            Nodes = _problem.Nodes,
            TreeSize = _problem.Tree.Size,
            Levels = _problem.Tree.Levels,
            Method = _problem.Draft.State.Method,
        };
    }
}
