using Sequoia.Interop;
using Sequoia.Native.Execution.Cuda;
using Sequoia.Native.Execution.Cuda.Parameters;

namespace Sequoia.Native.Diagnostics.Kernels;

/// <summary>Launches sample_token.cu, which the engine does not: it decodes with a tree of one node where it has no draft.</summary>
internal sealed unsafe class SampleTokenKernels(CudaKernels kernels)
{
    private readonly CudaKernel _sampleToken = kernels.Find(Variants(0)[0]);

    /// <summary>All that is launched here, with the shared memory of rows of so many tokens.</summary>
    public static IReadOnlyList<KernelVariant> Variants(int vocabulary) =>
        [new("sample_token", "sample_token", SamplingKernels.Block) { SharedBytes = SamplingKernels.Scratch(vocabulary) }];

    public void SampleToken(in SampleToken parameters, int rows, CudaStream? stream = null)
    {
        SamplingKernels.Prepare(_sampleToken, parameters.Vocabulary);
        fixed (SampleToken* at = &parameters)
            _sampleToken.Launch(rows, SamplingKernels.Block, SamplingKernels.Scratch(parameters.Vocabulary), stream, KernelArgument.At(at, sizeof(SampleToken)));
    }
}
