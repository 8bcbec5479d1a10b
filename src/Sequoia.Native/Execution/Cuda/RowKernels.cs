using Sequoia.Interop;
using Sequoia.Native.Execution.Cuda.Parameters;

namespace Sequoia.Native.Execution.Cuda;

/// <summary>Launches what works on each row by itself: embed.cu and rms_norm.cu.</summary>
internal sealed unsafe class RowKernels(CudaKernels kernels)
{
    private const int EmbedBlock = 128;
    private const int EmbedChunk = 8;
    private const int NormBlock = 256;

    private readonly CudaKernel _embed = kernels.Find("embed", "embed");
    private readonly CudaKernel _rmsNorm = kernels.Find("rms_norm", "rms_norm");

    public void Embed(in Embed parameters, int rows, CudaStream? stream = null)
    {
        int chunks = (parameters.Columns + EmbedChunk - 1) / EmbedChunk;
        fixed (Embed* at = &parameters)
            _embed.Launch(new Dim3((chunks + EmbedBlock - 1) / EmbedBlock, rows), EmbedBlock, 0, stream, KernelArgument.At(at, sizeof(Embed)));
    }

    public void RmsNorm(in RmsNorm parameters, int rows, CudaStream? stream = null)
    {
        fixed (RmsNorm* at = &parameters)
            _rmsNorm.Launch(rows, NormBlock, 0, stream, KernelArgument.At(at, sizeof(RmsNorm)));
    }
}
