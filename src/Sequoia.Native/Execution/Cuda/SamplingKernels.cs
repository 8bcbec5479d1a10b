using System.Numerics;
using Sequoia.Interop;
using Sequoia.Native.Diagnostics.Kernels;
using Sequoia.Native.Execution.Cuda.Parameters;

namespace Sequoia.Native.Execution.Cuda;

/// <summary>Launches what draws and verifies: draw_children.cu and verify_tree.cu.</summary>
internal sealed unsafe class SamplingKernels(CudaKernels kernels)
{
    /// <summary>Threads of a block of everything that reads rows of logits.</summary>
    public const int Block = 1024;

    private const int TileTokens = 64;
    private const int LeastScratch = 16 << 10;

    private readonly CudaKernel _drawChildren = kernels.Find(Variants(0)[0]);
    private readonly CudaKernel _verifyTree = kernels.Find(Variants(0)[1]);

    /// <summary>All that is launched here, with the shared memory of rows of so many tokens.</summary>
    public static IReadOnlyList<KernelVariant> Variants(int vocabulary) =>
    [
        new("draw_children", "draw_children", Block) { SharedBytes = Scratch(vocabulary) },
        new("verify_tree", "verify_tree", Block) { SharedBytes = Scratch(vocabulary) },
    ];

    /// <summary>Floats for a tree of sums over a row's tiles: one a tile, to the next power of two.</summary>
    public static int SumTree(int vocabulary) => (int)BitOperations.RoundUpToPowerOf2((uint)((vocabulary + TileTokens - 1) / TileTokens));

    /// <summary>Bytes of dynamic shared memory: two trees of sums, or a histogram.</summary>
    public static int Scratch(int vocabulary) => Math.Max(LeastScratch, 2 * sizeof(float) * SumTree(vocabulary));

    /// <summary>Makes sure that rows of so many tokens fit the kernels' shared memory.</summary>
    public void Prepare(int vocabulary)
    {
        Prepare(_drawChildren, vocabulary);
        Prepare(_verifyTree, vocabulary);
    }

    /// <summary>The same for a kernel of another launcher.</summary>
    public static void Prepare(CudaKernel kernel, int vocabulary)
    {
        if (Scratch(vocabulary) > kernel.MaxDynamicSharedBytes)
            kernel.MaxDynamicSharedBytes = Scratch(vocabulary);
    }

    public void DrawChildren(in DrawChildren parameters, int rows, CudaStream? stream = null)
    {
        fixed (DrawChildren* at = &parameters)
            _drawChildren.Launch(rows, Block, Scratch(parameters.Vocabulary), stream, KernelArgument.At(at, sizeof(DrawChildren)));
    }

    public void VerifyTree(in VerifyTree parameters, CudaStream? stream = null)
    {
        fixed (VerifyTree* at = &parameters)
            _verifyTree.Launch(1, Block, Scratch(parameters.Vocabulary), stream, KernelArgument.At(at, sizeof(VerifyTree)));
    }
}
