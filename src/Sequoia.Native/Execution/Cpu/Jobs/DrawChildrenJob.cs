using Sequoia.Native.Sampling;

namespace Sequoia.Native.Execution.Cpu.Jobs;

/// <summary>Draws the children of each row's node.</summary>
internal sealed unsafe class DrawChildrenJob(CpuKernels kernels) : ParallelJob
{
    private CpuActivations? _logits;
    private TreeRows? _rows;
    private CpuTreeState? _state;
    private SamplingOptions _sampling;

    public void Set(CpuActivations logits, TreeRows rows, CpuTreeState state, SamplingOptions sampling) =>
        (_logits, _rows, _state, _sampling) = (logits, rows, state, sampling);

    public override void Execute(int item, int worker)
    {
        int node = _rows!.Nodes[item];
        Span<int> children = _state!.Tokens.AsSpan(_state.Tree.FirstChild(node), _state.Tree.ChildCount(node));
        float* logits = _logits!.Row(item);
        SamplingScratch scratch = _state.Scratch[worker];
        if (_sampling.Greedy || _state.Method == SpeculationMethod.TargetOnly)
            ChildSampler.TakeLikeliest(kernels.Vocabulary, logits, children, scratch);
        else if (_state.Method == SpeculationMethod.SpecInfer)
            ChildSampler.DrawWithReplacement(kernels.Vocabulary, logits, _sampling, _state.Random, _state.Tree.FirstChild(node), _state.DraftRow(node), children, scratch);
        else
            ChildSampler.Draw(kernels.Vocabulary, logits, _sampling, _state.Random, node, _state.DraftRow(node), children, scratch);
    }
}
