using System.Runtime.InteropServices;
using Sequoia.Interop;

namespace Sequoia.Native.Backends.Cuda;

/// <summary>Launches embed.cu, the first kernel of a pass.</summary>
internal sealed unsafe class EmbedKernel(CudaKernels kernels)
{
    private static readonly KernelVariant OfEmbed = new("embed", "embed", 256) { HasElement = true, IsDependent = true };

    private readonly PassKernel _embed = kernels.FindForPass(OfEmbed);

    /// <summary>All kernels launched here.</summary>
    public static IReadOnlyList<KernelVariant> Variants => [OfEmbed];

    public void Launch(in Embed parameters, int rows, CudaStream? stream = null)
    {
        fixed (Embed* at = &parameters)
            _embed.Launch(rows, OfEmbed.Threads, 0, stream, KernelArgument.At(at, sizeof(Embed)));
    }
}

/// <summary>Parameters of embed.cu.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Embed
{
    public nint Table;
    public DevicePass Pass;
    public nint X, NormWeight, Normed;
    public DeviceNorm Norm;
    public int Columns, XStride, NormedRows;
}

/// <summary>Norm of norm.cuh.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct DeviceNorm
{
    public nint Before, Squares;
    public float Epsilon;
}
