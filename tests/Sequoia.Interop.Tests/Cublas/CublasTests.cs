namespace Sequoia.Interop.Tests.Cublas;

/// <summary>What arrives at cuBLAS, and how its errors reach the user.</summary>
internal sealed class CublasTests
{
    [Test]
    public void A_product_arrives_with_every_argument_in_its_place()
    {
        CudaDriver driver = FakeDriver.Reset();
        using (CudaContext context = CudaContext.Create(driver.Devices[0]))
        {
            using CudaStream stream = context.CreateStream();
            using DeviceBuffer<byte> workspace = context.Allocate<byte>(64);
            using var cublas = Interop.Cublas.Create(FakeCublas.Library(), context);
            cublas.SetStream(stream);
            cublas.SetWorkspace(workspace);
            cublas.Multiply(
                CublasTranspose.Transposed, CublasTranspose.None, 2, 3, 4, 1.5f, new(100, CublasType.BF16, 5), new(200, CublasType.F16, 6), 0.5f,
                new(300, CublasType.F32, 7), CublasCompute.F32FastTF32);
            Assert.That(FakeCublas.Calls, Is.EqualTo(new[]
            {
                "create", $"stream 99 {stream.Handle:x}", $"workspace 99 {workspace.Handle:x} 64",
                "gemm 99 Transposed None 2 3 4 1.5 100 BF16 5 200 F16 6 0.5 300 F32 7 F32FastTF32 -1",
            }));
        }
        Assert.That(FakeCublas.Calls[^1], Is.EqualTo("destroy 99"));
        Assert.That(FakeDriver.Live, Is.Empty);
    }

    [Test]
    public void An_error_names_function_and_code()
    {
        CudaDriver driver = FakeDriver.Reset();
        using CudaContext context = CudaContext.Create(driver.Devices[0]);
        using var cublas = Interop.Cublas.Create(FakeCublas.Library(), context);
        FakeCublas.Answer = CublasResult.NotSupported;
        Assert.That(() => cublas.SetStream(null), Throws.TypeOf<CublasException>().With.Message.EqualTo(
            "cublasSetStream_v2 failed: CUBLAS_STATUS_X (it is so)").And.Property("Code").EqualTo(CublasResult.NotSupported));
        FakeCublas.Answer = CublasResult.Success;
    }

    [Test]
    public void It_is_refused_on_other_drivers_than_nvidias()
    {
        using CudaContext context = CudaContext.Create(FakeDriver.Reset().Devices[0]);
        CublasLibrary library = FakeCublas.Library();
        Assert.That(library.Version, Is.EqualTo(new Version(12, 13, 14)));
        Assert.That(() => library.Create(context), Throws.ArgumentException.With.Message.Contains("NVIDIA's driver alone"));
    }
}
