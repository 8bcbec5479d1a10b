using Sequoia.Interop;
using Sequoia.Native;
using Sequoia.Native.Backends.Cuda;
using Sequoia.Native.Backends.Cuda.Checks;

namespace Sequoia.Kernels.Tests;

/// <summary>All kernels want the same division of a multiprocessor's memory, so that one can begin where another ends.</summary>
internal sealed class CarveoutTests : CudaFixture
{
    [Test]
    public void Every_kernel_prefers_shared_memory()
    {
        using CudaKernels usual = Of(MatMulSource.TensorCores), hopper = Of(MatMulSource.Hopper);
        foreach (KernelVariant variant in EngineKernels.Variants)
        {
            CudaKernels kernels = variant.Target == KernelTarget.Hopper ? hopper : usual;
            Assert.That(kernels.Find(variant)[KernelProperty.PreferredSharedCarveout], Is.EqualTo(100), variant.Kernel);
        }

        static CudaKernels Of(MatMulSource products) => new(TestGpu.ContextFor(products), TestGpu.Compiler, KernelSet.Default, Element.BF16);
    }
}
