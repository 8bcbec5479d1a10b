using Sequoia.Interop;
using Sequoia.Native.Execution.Cuda.Parameters;
using Sequoia.Native.Sampling;

namespace Sequoia.Native.Execution.Cuda;

/// <summary>Launches the kernels that draw, verify and compact.</summary>
internal sealed unsafe class SamplingKernels(CudaKernels kernels, DeviceShapes shapes)
{
    private const int Block = 1024;
    private const int CompactBlock = 256;
    private const int ChunkBytes = 16;
    private const int TileTokens = 64;
    private const int LeastScratch = 16 << 10;

    private readonly CudaKernel _drawChildren = kernels.Find("draw_children", "draw_children");
    private readonly CudaKernel _verifyTree = kernels.Find("verify_tree", "verify_tree");
    private readonly CudaKernel _compactKv = kernels.Find("compact_kv", "compact_kv");

    public void DrawChildren(CudaActivations logits, TreeRows rows, CudaTreeState state, SamplingOptions sampling, RandomKey random)
    {
        long first = (long)state.DraftRow(rows.Nodes[0]) * state.DraftStride;
        // The verifier reads these logits again, when the draft has computed further levels in their place.
        state.DraftLogits.CopyFromAsync(logits.Data, 0, (long)rows.Count * logits.Stride, start: first);
        state.State.CopyFrom([new StepState { Step = random.Step }]);
        var parameters = new DrawChildren
        {
            Logits = state.DraftLogits.Handle + (nint)(first * sizeof(float)),
            NodeOfRow = shapes.Nodes(rows).Handle,
            Tree = state.Shape,
            TokOfNode = state.Tokens.Handle,
            Scale = state.Scales.Handle,
            State = state.State.Handle,
            Seed = random.Seed,
            Law = new SamplingLaw(sampling),
            Vocabulary = state.Vocabulary,
            Stride = state.DraftStride,
        };
        Launch(_drawChildren, rows.Count, Block, Scratch(state.Vocabulary), KernelArgument.At(&parameters, sizeof(DrawChildren)));
    }

    public void VerifyTree(CudaActivations logits, int nodes, CudaTreeState state, SamplingOptions sampling, RandomKey random, Verdict verdict)
    {
        state.State.CopyFrom([new StepState { Step = random.Step }]);
        var parameters = new VerifyTree
        {
            Target = logits.Data.Handle,
            Draft = state.DraftLogits.Handle,
            Scale = state.Scales.Handle,
            Tree = state.Shape,
            TokOfNode = state.Tokens.Handle,
            State = state.State.Handle,
            Verdict = state.Verdict.Handle,
            Path = state.Path.Handle,
            Seed = random.Seed,
            Law = new SamplingLaw(sampling),
            Vocabulary = state.Vocabulary,
            TargetStride = logits.Stride,
            DraftStride = state.DraftStride,
            Nodes = nodes,
            TreeSize = state.Tree.Size,
            Levels = state.Tree.Levels,
        };
        Launch(_verifyTree, 1, Block, Scratch(state.Vocabulary), KernelArgument.At(&parameters, sizeof(VerifyTree)));
        DeviceVerdict found = state.Verdict.ToArray()[0];
        if (found.Length == 0)
            throw new InvalidOperationException("the logits are not numbers: the model's weights are damaged, or overflow in 16 bits");
        verdict.Clear();
        foreach (int node in state.Path.ToArray().AsSpan(0, found.Length))
            verdict.Accept(node);
        (verdict.Token, verdict.Ahead) = (found.Token, found.Ahead);
        if (found.Ahead > 0)
        {
            int token = 0;
            state.Download([found.Ahead], new Span<int>(ref token));
            verdict.Token = token;
        }
    }

    /// <param name="cache">The cache.</param>
    /// <param name="path">The accepted path; ascending node ids.</param>
    /// <param name="steps">Where the path and the cache's length go.</param>
    public void Compact(CudaKvCache cache, ReadOnlySpan<int> path, CompactionState steps)
    {
        steps.Set(cache.Length, path);
        var parameters = new CompactKv
        {
            Cache = cache.Data.Handle,
            Path = steps.Path.Handle,
            Verdict = steps.Verdict.Handle,
            State = steps.State.Handle,
            Planes = 2 * cache.Layers * cache.KvHeads,
            Capacity = cache.Capacity,
            Chunks = cache.HeadDim * sizeof(ushort) / ChunkBytes,
        };
        int columns = parameters.Planes * parameters.Chunks;
        Launch(_compactKv, (columns + CompactBlock - 1) / CompactBlock, CompactBlock, 0, KernelArgument.At(&parameters, sizeof(CompactKv)));
    }

    private static void Launch(CudaKernel kernel, int grid, int block, int sharedBytes, KernelArgument parameters)
    {
        if (sharedBytes > kernel.MaxDynamicSharedBytes)
            kernel.MaxDynamicSharedBytes = sharedBytes;
        kernel.Launch(grid, block, sharedBytes, null, parameters);
    }

    // A float for each tile of the vocabulary, to the next power of two, twice; or a histogram.
    private static int Scratch(int vocabulary) =>
        Math.Max(LeastScratch, 8 * (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)((vocabulary + TileTokens - 1) / TileTokens)));
}
