namespace Sequoia.Interop.Tests.Device;

/// <summary>cuBLAS where it is installed beside a GPU.</summary>
internal sealed class CublasRunTests
{
    [Test]
    public void A_product_is_right()
    {
        using var gpu = CudaContext.Primary(KernelDevices.First("cuda"));
        CublasLibrary? library = CublasLibrary.TryLoad(null, out LibraryReport report);
        if (library is null)
            Assert.Ignore($"no CUDA device with cuBLAS: {report}");
        using var cublas = library.Create(gpu);
        using DeviceBuffer<byte> workspace = gpu.Allocate<byte>(4 << 20);
        cublas.SetWorkspace(workspace);
        // Columns one after the other: A is [1 3; 2 4], B is [5 7; 6 8].
        using DeviceBuffer<float> a = gpu.Upload<float>([1, 2, 3, 4]), b = gpu.Upload<float>([5, 6, 7, 8]), c = gpu.Upload<float>([1, 1, 1, 1]);
        cublas.Multiply(
            CublasTranspose.None, CublasTranspose.None, 2, 2, 2, 1, new(a.Handle, CublasType.F32, 2), new(b.Handle, CublasType.F32, 2), 10,
            new(c.Handle, CublasType.F32, 2));
        gpu.Synchronize();
        Assert.That(c.ToArray(), Is.EqualTo(new[] { 33f, 44f, 41f, 56f }));
    }
}
