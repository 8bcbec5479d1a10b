using System.Runtime.CompilerServices;

namespace Sequoia.Interop.Tests.Driver;

/// <summary>Who is freed when: nothing before what lives in it, everything once, and other people's things never.</summary>
internal sealed class OwnershipTests
{
    [Test]
    public void A_context_is_destroyed_after_its_last_object_whatever_the_order_of_disposal()
    {
        CudaDriver driver = FakeDriver.Reset();
        CudaContext context = CudaContext.Create(driver.Devices[0]);
        CudaStream stream = context.CreateStream();
        DeviceBuffer<int> buffer = context.Allocate<int>(4);
        context.Dispose();
        Assert.That(FakeDriver.Live, Is.EqualTo(new[] { "context", "memory", "stream" }));
        stream.Dispose();
        buffer.Dispose();
        buffer.Dispose();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(FakeDriver.Live, Is.Empty);
            Assert.That(FakeDriver.Calls[^3..], Is.EqualTo(new[] { "cuStreamDestroy_v2", "cuMemFree_v2", "cuCtxDestroy_v2" }));
            Assert.That(() => context.Allocate<int>(1), Throws.InstanceOf<ObjectDisposedException>());
        }
    }

    [Test]
    public void A_module_stays_loaded_while_its_variables_are_used()
    {
        CudaDriver driver = FakeDriver.Reset();
        using CudaContext context = CudaContext.Create(driver.Devices[0]);
        CudaModule module = context.Load("ptx"u8);
        DeviceBuffer<int> variable = module.Global<int>("counters");
        Assert.That(variable.Length, Is.EqualTo(3));
        module.Dispose();
        Assert.That(FakeDriver.Live, Does.Contain("module"));
        variable.Dispose();
        Assert.That(FakeDriver.Live, Does.Not.Contain("module"));
        Assert.That(FakeDriver.Calls, Does.Not.Contain("cuMemFree_v2"), "the variable is the module's");
    }

    [Test]
    public void What_nobody_disposes_of_the_garbage_collector_frees()
    {
        CudaDriver driver = FakeDriver.Reset();
        Forget(driver);
        for (int i = 0; i < 50 && FakeDriver.Live.Length > 0; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        Assert.That(FakeDriver.Live, Is.Empty);
    }

    [Test]
    public void The_primary_context_is_released_and_not_destroyed()
    {
        CudaDriver driver = FakeDriver.Reset();
        CudaContext.Primary(driver.Devices[0]).Dispose();
        Assert.That(FakeDriver.Calls, Does.Contain("cuDevicePrimaryCtxRelease_v2").And.Not.Contain("cuCtxDestroy_v2"));
    }

    [Test]
    public void Wrapped_handles_are_used_and_never_freed()
    {
        CudaDriver driver = FakeDriver.Reset();
        nint foreign = FakeDriver.ForeignContext();
        using (var context = CudaContext.Wrap(driver, foreign))
        {
            Assert.That(context.Device.Handle, Is.EqualTo(FakeDriver.Device));
            using var stream = CudaStream.Wrap(context, 0x77);
            using var mark = CudaEvent.Wrap(context, 0x88);
            using DeviceBuffer<float> buffer = context.Wrap<float>(0x10008, 14);
            stream.Synchronize();
            mark.Record(stream);
            Assert.That(buffer.Handle, Is.EqualTo((nint)0x10008));
            // The allocation has 64 bytes and the address is the third float of it.
            Assert.That(() => context.Wrap<float>(0x10008, 15), Throws.ArgumentException.With.Message.Contains("56 bytes follow"));
        }
        Assert.That(FakeDriver.Live, Is.EqualTo(new[] { "context" }));
    }

    [Test]
    public void A_foreign_pointer_is_an_error_with_the_drivers_code()
    {
        CudaDriver driver = FakeDriver.Reset();
        using CudaContext context = CudaContext.Create(driver.Devices[0]);
        FakeDriver.Fail("cuPointerGetAttribute", CudaResult.InvalidValue);
        Assert.That(() => context.Wrap<int>(0x123, 1), Throws.TypeOf<CudaException>().With.Property("Code").EqualTo(CudaResult.InvalidValue));
    }

    [Test]
    public void The_threads_current_context_is_put_back()
    {
        CudaDriver driver = FakeDriver.Reset();
        nint others = FakeDriver.ForeignContext();
        FakeDriver.SetCurrent(others);
        using CudaContext context = CudaContext.Create(driver.Devices[0]);
        Assert.That(FakeDriver.Current, Is.EqualTo(others));
        using DeviceBuffer<int> buffer = context.Allocate<int>(4);
        using CudaModule module = context.Load("ptx"u8);
        module["any"].Launch(1, 1);
        Assert.That(() => module["missing"], Throws.TypeOf<CudaException>());
        Assert.That(FakeDriver.Current, Is.EqualTo(others));
    }

    [Test]
    public void Many_threads_share_one_context()
    {
        CudaDriver driver = FakeDriver.Reset();
        FakeDriver.ParameterBytes = [8, 4];
        FakeDriver.RecordsLaunches = false;
        using (CudaContext context = CudaContext.Create(driver.Devices[0]))
        {
            using CudaModule module = context.Load("ptx"u8);
            CudaKernel kernel = module["any"];
            Parallel.For(0, 400, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i =>
            {
                using CudaStream stream = context.CreateStream();
                using DeviceBuffer<int> buffer = context.Upload<int>([i, i + 1]);
                kernel.Launch(1, 32, 0, stream, buffer, i);
                Assert.That(buffer.ToArray(), Is.EqualTo(new[] { i, i + 1 }));
            });
        }
        Assert.That(FakeDriver.Live, Is.Empty);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Forget(CudaDriver driver)
    {
        CudaContext context = CudaContext.Create(driver.Devices[0]);
        _ = context.Allocate<int>(4);
        _ = context.CreateStream();
    }
}
