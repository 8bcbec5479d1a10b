using System.Numerics;
using Sequoia.Interop;
using Sequoia.Native.Execution.Cuda.Parameters;
using Sequoia.Native.Sampling;

namespace Sequoia.Native.Execution.Cuda;

/// <summary>Launches the kernels that draw and verify.</summary>
internal sealed unsafe class SamplingKernels(CudaKernels kernels, DeviceShapes shapes)
{
    private const int Block = 1024;
    private const int TileTokens = 64;
    private const int LeastScratch = 16 << 10;

    private readonly CudaKernel _drawChildren = kernels.Find("draw_children", "draw_children");
    private readonly CudaKernel _verifyTree = kernels.Find("verify_tree", "verify_tree");

    /// <summary>Makes sure that rows of so many tokens fit the kernels' shared memory.</summary>
    public void Prepare(int vocabulary)
    {
        foreach (CudaKernel kernel in (CudaKernel[])[_drawChildren, _verifyTree])
        {
            if (Scratch(vocabulary) > kernel.MaxDynamicSharedBytes)
                kernel.MaxDynamicSharedBytes = Scratch(vocabulary);
        }
    }

    public void DrawChildren(CudaActivations logits, TreeRows rows, CudaTreeState state, SamplingOptions sampling)
    {
        long first = (long)state.DraftRow(rows.Nodes[0]) * state.DraftStride;
        // The verifier reads these logits again, when the draft has computed further levels in their place.
        state.DraftLogits.CopyFromAsync(logits.Data, 0, (long)rows.Count * logits.Stride, CudaQueue.Current, first);
        var parameters = new DrawChildren
        {
            Logits = state.DraftLogits.Handle + (nint)(first * sizeof(float)),
            NodeOfRow = shapes.Nodes(rows).Handle,
            Tree = state.Shape,
            TokOfNode = state.Tokens,
            Scale = state.Scales.Handle,
            State = state.State,
            Seed = state.Seed,
            // Target-only sampling's children are the likeliest, whatever the temperature.
            Law = new SamplingLaw(state.Method == SpeculationMethod.TargetOnly ? new SamplingOptions(0) : sampling),
            Vocabulary = state.Vocabulary,
            Stride = state.DraftStride,
            WithReplacement = state.Method == SpeculationMethod.SpecInfer ? 1 : 0,
        };
        _drawChildren.Launch(rows.Count, Block, Scratch(state.Vocabulary), CudaQueue.Current, KernelArgument.At(&parameters, sizeof(DrawChildren)));
    }

    public void VerifyTree(CudaActivations logits, int nodes, CudaTreeState state, SamplingOptions sampling)
    {
        var parameters = new VerifyTree
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
        };
        _verifyTree.Launch(1, Block, Scratch(state.Vocabulary), CudaQueue.Current, KernelArgument.At(&parameters, sizeof(VerifyTree)));
    }

    // A float for each tile of the vocabulary, to the next power of two, twice; or a histogram.
    private static int Scratch(int vocabulary) =>
        Math.Max(LeastScratch, 8 * (int)BitOperations.RoundUpToPowerOf2((uint)((vocabulary + TileTokens - 1) / TileTokens)));
}
