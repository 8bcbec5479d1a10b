using System.Runtime.InteropServices;
using Sequoia.Interop;

namespace Sequoia.Native.Backends.Cuda;

/// <summary>Launches the kernels that work on each row separately: embed.cu and rms_norm.cu.</summary>
internal sealed unsafe class RowKernels(CudaKernels kernels)
{
    private const int EmbedChunk = 8;

    private static readonly KernelVariant OfEmbed = new("embed", "embed", 128) { HasElement = true };
    private static readonly KernelVariant OfRmsNorm = new("rms_norm", "rms_norm", 256) { HasElement = true };

    private readonly CudaKernel _embed = kernels.Find(OfEmbed);
    private readonly CudaKernel _rmsNorm = kernels.Find(OfRmsNorm);

    /// <summary>All kernels launched here.</summary>
    public static IReadOnlyList<KernelVariant> Variants => [OfEmbed, OfRmsNorm];

    public void Embed(in Embed parameters, int rows, CudaStream? stream = null)
    {
        int chunks = (parameters.Columns + EmbedChunk - 1) / EmbedChunk;
        fixed (Embed* at = &parameters)
            _embed.Launch(new Dim3(OfEmbed.BlocksFor(chunks), rows), OfEmbed.Threads, 0, stream, KernelArgument.At(at, sizeof(Embed)));
    }

    public void RmsNorm(in RmsNorm parameters, int rows, CudaStream? stream = null)
    {
        fixed (RmsNorm* at = &parameters)
            _rmsNorm.Launch(rows, OfRmsNorm.Threads, 0, stream, KernelArgument.At(at, sizeof(RmsNorm)));
    }
}

/// <summary>Parameters of embed.cu.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Embed
{
    public nint Table;
    public DevicePass Pass;
    public nint X;
    public int Columns, XStride;
}

/// <summary>Parameters of rms_norm.cu and rms_norm_scalar.cu; RmsNorm of rms_norm.cuh.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RmsNorm
{
    public nint X, Weight, Y;
    public int Columns, XStride, YRows;
    public float Epsilon;
}
