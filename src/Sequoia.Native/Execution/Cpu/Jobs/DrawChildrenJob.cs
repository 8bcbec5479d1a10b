using Sequoia.Native.Sampling;

namespace Sequoia.Native.Execution.Cpu.Jobs;

/// <summary>Draws the children of each row's node.</summary>
internal sealed unsafe class DrawChildrenJob(CpuKernels kernels) : ParallelJob
{
    private CpuActivations? _logits;
    private TreeRows? _rows;
    private CpuTreeState? _state;
    private SamplingOptions _sampling;
    private RandomKey _random;

    public void Set(CpuActivations logits, TreeRows rows, CpuTreeState state, SamplingOptions sampling, RandomKey random) =>
        (_logits, _rows, _state, _sampling, _random) = (logits, rows, state, sampling, random);

    public override void Execute(int item, int worker)
    {
        int node = _rows!.Nodes[item];
        Span<int> children = _state!.Tokens.AsSpan(_state.Tree.FirstChild(node), _state.Tree.ChildCount(node));
        ChildSampler.Draw(kernels.Vocabulary, _logits!.Row(item), _sampling, _random, node, _state.DraftRow(node), children, _state.Scratch[worker]);
    }
}
