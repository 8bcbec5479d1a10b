using System.Runtime.InteropServices;
using Sequoia.Interop;

namespace Sequoia.Native.Backends.Cuda;

/// <summary>Launches the kernels that apply a verdict: compact_kv.cu and advance_step.cu.</summary>
internal sealed unsafe class CommitKernels(CudaKernels kernels)
{
    private static readonly KernelVariant OfCompactKv = new("compact_kv", "compact_kv", 256);
    private static readonly KernelVariant OfAdvanceStep = new("advance_step", "advance_step", 1);

    private readonly CudaKernel _compactKv = kernels.Find(OfCompactKv);
    private readonly CudaKernel _advanceStep = kernels.Find(OfAdvanceStep);

    /// <summary>All kernels launched here.</summary>
    public static IReadOnlyList<KernelVariant> Variants => [OfCompactKv, OfAdvanceStep];

    public void CompactKv(in CompactKv parameters, int parts, CudaStream? stream = null)
    {
        fixed (CompactKv* at = &parameters)
            _compactKv.Launch(new Dim3(OfCompactKv.BlocksFor(parameters.Planes * parameters.Chunks), parts), OfCompactKv.Threads, 0, stream, KernelArgument.At(at, sizeof(CompactKv)));
    }

    public void AdvanceStep(in AdvanceStep parameters, int parts, CudaStream? stream = null)
    {
        fixed (AdvanceStep* at = &parameters)
            _advanceStep.Launch(parts, OfAdvanceStep.Threads, 0, stream, KernelArgument.At(at, sizeof(AdvanceStep)));
    }
}

/// <summary>Parameters of compact_kv.cu.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CompactKv
{
    public nint Cache, Parts;
    public Outcomes Outcomes;
    public ModelRole CacheOf;
    public int Planes, Capacity, Chunks;
}

/// <summary>Parameters of advance_step.cu.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct AdvanceStep
{
    public nint Parts;
    public Outcomes Outcomes;
}
