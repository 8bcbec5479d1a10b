namespace Sequoia.Interop.Tests.Driver;

/// <summary>How failures of the driver reach the user.</summary>
internal sealed class ErrorTests
{
    [Test]
    public void An_error_names_function_code_meaning_and_mend()
    {
        CudaDriver driver = FakeDriver.Reset();
        using CudaContext context = CudaContext.Create(driver.Devices[0]);
        FakeDriver.Fail("cuCtxSynchronize", CudaResult.OutOfMemory);
        CudaException? error = Assert.Throws<CudaException>(context.Synchronize);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(error.Function, Is.EqualTo("cuCtxSynchronize"));
            Assert.That(error.Code, Is.EqualTo(CudaResult.OutOfMemory));
            Assert.That(error.CodeName, Is.EqualTo("CUDA_ERROR_OUT_OF_MEMORY"));
            Assert.That(error.Message, Is.EqualTo(
                "cuCtxSynchronize failed: CUDA_ERROR_OUT_OF_MEMORY (out of memory); use smaller buffers or dispose of some; nvidia-smi shows who else uses the device"));
        }
    }

    [Test]
    public void A_code_that_the_driver_cannot_name_keeps_its_number()
    {
        CudaDriver driver = FakeDriver.Reset();
        using CudaContext context = CudaContext.Create(driver.Devices[0]);
        FakeDriver.Fail("cuCtxSynchronize", (CudaResult)12345);
        Assert.That(context.Synchronize, Throws.TypeOf<CudaException>().With.Message.EqualTo("cuCtxSynchronize failed: CUresult 12345"));
    }

    [Test]
    public unsafe void A_missing_entry_point_is_one_clear_message_and_no_crash()
    {
        CudaDriver driver = FakeDriver.Reset((ref DriverTable table) => table.cuMemAlloc_v2 = null);
        using CudaContext context = CudaContext.Create(driver.Devices[0]);
        Assert.That(() => context.Allocate<int>(1), Throws.TypeOf<CudaException>().With.Message.EqualTo(
            "cuMemAlloc_v2 is not in this driver: fake, for CUDA 12.2, does not have it; a newer driver may"));
    }

    [Test]
    public void A_table_with_nothing_in_it_fails_clearly()
    {
        var driver = CudaDriver.FromTable("empty", default);
        Assert.That(() => driver.Devices, Throws.TypeOf<CudaException>().With.Message.EqualTo(
            "cuInit is not in this driver: empty does not have it; a newer driver may"));
        Assert.That(() => driver.Version, Throws.TypeOf<CudaException>());
    }

    [Test]
    public void Every_missing_entry_point_is_caught()
    {
        var table = default(DriverTable);
        MissingEntryPoint.Fill(ref table);
        Assert.That(DriverTable.Entries(ref table).ToArray(), Has.Length.EqualTo(DriverTable.Names.Count).And.All.Not.Zero);
    }

    [Test]
    public void A_driver_without_devices_has_an_empty_list()
    {
        CudaDriver driver = FakeDriver.Reset();
        FakeDriver.Fail("cuInit", CudaResult.NoDevice);
        Assert.That(driver.Devices, Is.Empty);
        Assert.That(() => CudaDevice.Get(driver, 0), Throws.TypeOf<CudaException>().With.Message.Contains("no GPU is visible"));
    }

    [Test]
    public void A_module_that_does_not_load_shows_the_drivers_log()
    {
        CudaDriver driver = FakeDriver.Reset();
        using CudaContext context = CudaContext.Create(driver.Devices[0]);
        FakeDriver.Fail("cuModuleLoadDataEx", CudaResult.InvalidPtx);
        FakeDriver.ModuleLog = "ptxas application ptx input, line 21; error   : Unknown symbol 'x'";
        Assert.That(() => context.Load("ptx"u8), Throws.TypeOf<CudaException>().With.Message.Contains("line 21; error   : Unknown symbol 'x'"));
        Assert.That(() => context.Load([]), Throws.ArgumentException);
    }

    [Test]
    public void A_missing_kernel_is_named()
    {
        CudaDriver driver = FakeDriver.Reset();
        using CudaContext context = CudaContext.Create(driver.Devices[0]);
        using CudaModule module = context.Load("ptx"u8);
        Assert.That(() => module["missing"], Throws.TypeOf<CudaException>().With.Message.Contains("the module has no kernel missing"));
        Assert.That(() => module.Global<int>("missing"), Throws.TypeOf<CudaException>().With.Message.Contains("the module has no variable missing"));
        Assert.That(() => module.Global<double>("counters"), Throws.ArgumentException.With.Message.Contains("12 bytes"));
    }

    [Test]
    public void Registered_drivers_are_found_by_name_and_replaced()
    {
        CudaDriver first = CudaDriver.FromTable("registered", default), second = CudaDriver.FromTable("registered", default);
        CudaDrivers.Register(first);
        CudaDrivers.Register(second);
        Assert.That(CudaDrivers.Find("registered"), Is.SameAs(second));
        Assert.That(CudaDrivers.Registered.Count(driver => driver.Name == "registered"), Is.EqualTo(1));
        Assert.That(CudaDrivers.Find("nobody"), Is.Null);
    }
}
