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

    /// <summary>Queues the kernel.</summary>
    /// <param name="grid">The blocks.</param>
    /// <param name="threads">The threads of a block.</param>
    /// <param name="sharedBytes">The bytes of dynamic shared memory.</param>
    /// <param name="stream">The stream; null is the default stream.</param>
    /// <param name="argument">The parameters.</param>
    /// <param name="startsEarly">Whether it may start while the kernel before it runs; not if it must wait for other work, which it does not wait for itself.</param>
    public void Launch(Dim3 grid, int threads, int sharedBytes, CudaStream? stream, KernelArgument argument, bool startsEarly = true)
    {
        if (isDependent && startsEarly)
            kernel.LaunchDependent(grid, threads, sharedBytes, stream, argument);
        else
            kernel.Launch(grid, threads, sharedBytes, stream, argument);
    }
}
