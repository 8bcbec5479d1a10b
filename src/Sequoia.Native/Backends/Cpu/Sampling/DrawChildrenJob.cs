using Sequoia.Native.Sampling;

namespace Sequoia.Native.Backends.Cpu;

/// <summary>Draws the children of the node of each row that has logits.</summary>
internal sealed unsafe class DrawChildrenJob(CpuKernels kernels) : ParallelJob
{
    private CpuWorkspace? _draft;
    private Pass? _pass;

    public void Set(CpuWorkspace draft, Pass pass) => (_draft, _pass) = (draft, pass);

    public override void Execute(int item, int worker)
    {
        PassRow row = _pass!.RowsWithLogits[item];
        var sequence = (CpuSequence)row.Sequence;
        int node = row.Node;
        Span<int> children = sequence.Children(node);
        float* logits = _draft!.Logits.Row(_pass.FirstLogit + item);
        SamplingScratch scratch = _draft.Scratch[worker];
        if (sequence.Sampling.Greedy || sequence.Method == SpeculationMethod.TargetOnly)
            ChildSampler.TakeLikeliest(kernels.Vocabulary, logits, children, scratch);
        else if (sequence.Method == SpeculationMethod.SpecInfer)
            ChildSampler.DrawWithReplacement(kernels.Vocabulary, logits, sequence.Sampling, sequence.Random, sequence.Tree.FirstChild(node), sequence.DraftRow(node), children, scratch);
        else
            ChildSampler.Draw(kernels.Vocabulary, logits, sequence.Sampling, sequence.Random, node, sequence.DraftRow(node), children, scratch);
    }
}
