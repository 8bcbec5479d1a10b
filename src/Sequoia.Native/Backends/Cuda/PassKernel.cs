using Sequoia.Interop;

namespace Sequoia.Native.Backends.Cuda;

/// <summary>A kernel of a forward pass. Where device, driver and source allow it, its blocks start while the kernel before it still runs.</summary>
/// <param name="kernel">The kernel.</param>
/// <param name="isDependent">Whether to launch it so.</param>
internal sealed class PassKernel(CudaKernel kernel, bool isDependent)
{
    public int MaxDynamicSharedBytes
    {
        set => kernel.MaxDynamicSharedBytes = value;
    }

    /// <inheritdoc cref="CudaKernel.Launch(Dim3, Dim3, int, CudaStream?, ReadOnlySpan{KernelArgument})"/>
    public void Launch(Dim3 grid, int threads, int sharedBytes, CudaStream? stream, KernelArgument argument)
    {
        if (isDependent)
            kernel.LaunchDependent(grid, threads, sharedBytes, stream, argument);
        else
            kernel.Launch(grid, threads, sharedBytes, stream, argument);
    }
}
