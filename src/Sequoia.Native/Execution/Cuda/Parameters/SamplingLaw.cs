using System.Runtime.InteropServices;
using Sequoia.Native.Sampling;

namespace Sequoia.Native.Execution.Cuda.Parameters;

/// <summary>The sampling options in the kernels' terms; SamplingLaw of distribution.cuh.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SamplingLaw(SamplingOptions options)
{
    public float Temperature = options.Temperature;
    public int TopK = options.TopK;

    /// <summary>In units of 2^-52, at least one so that the most probable token stays; 0 keeps all.</summary>
    public ulong TopPMass = options.TopP >= 1 ? 0 : Math.Max(1, (ulong)(options.TopP * MassThreshold.MassUnit));
}
