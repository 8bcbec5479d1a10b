using Sequoia.Native.Execution.Cuda.Parameters;
using Sequoia.Native.Sampling;

namespace Sequoia.Native.Execution.Cuda;

/// <summary>Drawing and verifying of a tree's state on the device.</summary>
internal sealed class CudaSampling(CudaKernels kernels, DeviceShapes shapes)
{
    private readonly SamplingKernels _launcher = new(kernels);

    /// <summary>Makes sure that rows of so many tokens fit the kernels' shared memory.</summary>
    public void Prepare(int vocabulary) => _launcher.Prepare(vocabulary);

    public void DrawChildren(CudaActivations logits, TreeRows rows, CudaTreeState state, SamplingOptions sampling)
    {
        long first = (long)state.DraftRow(rows.Nodes[0]) * state.DraftStride;
        // The verifier reads these logits again, when the draft has computed further levels in their place.
        state.DraftLogits.CopyFromAsync(logits.Data, 0, (long)rows.Count * logits.Stride, CudaQueue.Current, first);
        _launcher.DrawChildren(new DrawChildren
        {
            Logits = state.DraftLogits.Handle + (nint)(first * sizeof(float)),
            NodeOfRow = shapes.Nodes(rows).Handle,
            Tree = state.Shape,
            TokOfNode = state.Tokens,
            Scale = state.Scales.Handle,
            State = state.State,
            Seed = state.Seed,
            Vocabulary = state.Vocabulary,
            Stride = state.DraftStride,
        }.By(state.Method, sampling), rows.Count, CudaQueue.Current);
    }

    public void VerifyTree(CudaActivations logits, int nodes, CudaTreeState state, SamplingOptions sampling) => _launcher.VerifyTree(new VerifyTree
    {
        Target = logits.Data.Handle,
        Draft = state.DraftLogits.Handle,
        Scale = state.Scales.Handle,
        Tree = state.Shape,
        TokOfNode = state.Tokens,
        State = state.State,
        Verdict = state.DeviceVerdict,
        Path = state.Path,
        Toks = state.NewTokens,
        Seed = state.Seed,
        Law = new SamplingLaw(sampling),
        Vocabulary = state.Vocabulary,
        TargetStride = logits.Stride,
        DraftStride = state.DraftStride,
        Nodes = nodes,
        TreeSize = state.Tree.Size,
        Levels = state.Tree.Levels,
        Method = state.Method,
    }, CudaQueue.Current);
}
