using Sequoia.Interop;

namespace Sequoia.SoftwareGpu.Tests.Driver;

/// <summary>Wrong calls get the driver's own codes and one clear sentence; the process lives on.</summary>
public unsafe class BadCallTests : DriverFixture
{
    [Test]
    public void A_fault_breaks_the_context_and_no_other()
    {
        Module["stop"].Launch(1, 32);
        Fails(CudaResult.LaunchFailed, Context.Synchronize, "trap");
        Fails(CudaResult.LaunchFailed, () => Context.Allocate<int>(1), "failed earlier");
        using CudaContext fresh = CudaContext.Create(Driver.Devices[0]);
        using DeviceBuffer<int> data = fresh.Allocate<int>(4);
        data.CopyFrom([1, 2, 3, 4]);
        Assert.That(data.ToArray(), Is.EqualTo(new[] { 1, 2, 3, 4 }));
    }

    [Test]
    public void An_observer_sees_the_fault_in_the_report()
    {
        LaunchReport report = SoftwareDriver.Observe(() => Module["stop"].Launch(1, 32));
        Assert.That(report.Findings[0].Kind, Is.EqualTo(FindingKind.Stopped));
        Fails(CudaResult.LaunchFailed, Context.Synchronize, "failed earlier");
    }

    [Test]
    public void Memory_that_is_not_the_kernels_is_an_illegal_address()
    {
        using DeviceBuffer<int> data = Numbers(1, 2, 3);
        Module["add"].Launch(1, 32, data, 1, 32);
        Fails(CudaResult.IllegalAddress, Context.Synchronize, "add");
    }

    [Test]
    public void Memory_that_was_freed_is_an_illegal_address()
    {
        DeviceBuffer<int> data = Numbers(1, 2, 3);
        ulong address = (ulong)data.Handle;
        data.Dispose();
        Module["add"].Launch(1, 32, address, 1, 3);
        Fails(CudaResult.IllegalAddress, Context.Synchronize, "freed");
    }

    [Test]
    public void A_kernel_that_never_ends_is_stopped()
    {
        SoftwareDriver.Options = new LaunchOptions { InstructionBudget = 100_000 };
        Module["spin"].Launch(1, 32);
        Fails(CudaResult.LaunchTimeout, Context.Synchronize, "instruction");
    }

    [TestCase(0, 32, 0, "extent of 0")]
    [TestCase(1, 2048, 0, "over the limit")]
    [TestCase(1, 32, 200_000, "shared memory")]
    public void Launches_over_the_limits_are_refused(int grid, int block, int shared, string words)
    {
        using DeviceBuffer<int> data = Numbers(1);
        DriverTable table = Entered();
        ulong address = (ulong)data.Handle;
        int n = 1;
        void** parameters = stackalloc void*[] { &address, &n, &n };
        CudaResult result = table.cuLaunchKernel(Module["add"].Handle, (uint)grid, 1, 1, (uint)block, 1, 1, (uint)shared, 0, parameters, null);
        Assert.That(result, Is.EqualTo(CudaResult.InvalidValue));
        Assert.That(SoftwareDriver.LatestFailure, Does.Contain(words));
    }

    [Test]
    public void A_block_over_the_kernels_own_bound_is_refused() =>
        Fails(CudaResult.InvalidValue, () => Module["narrow"].Launch(1, 96), "at most 64");

    [Test]
    public void A_share_of_memory_over_all_of_it_is_refused()
    {
        CudaKernel kernel = Module["narrow"];
        Fails(CudaResult.InvalidValue, () => kernel[KernelProperty.PreferredSharedCarveout] = 101, "-1 to 100");
        Assert.That(kernel[KernelProperty.PreferredSharedCarveout], Is.EqualTo(-1));
    }

    [TestCase("not PTX at all", CudaResult.InvalidPtx, "line 1")]
    [TestCase(".version 99.0\n.target sm_80\n.address_size 64\n", CudaResult.UnsupportedPtxVersion, "99.0")]
    [TestCase(".version 8.0\n.target sm_80\n.address_size 64\n.visible .entry f()\n{\n    tcgen05.fence;\n    ret;\n}\n", CudaResult.InvalidPtx, "line 6")]
    public void Modules_that_are_not_understood_are_refused_with_the_line(string ptx, CudaResult code, string words) =>
        Fails(code, () => Load(ptx), words);

    [Test]
    public void A_cubin_is_refused() =>
        Fails(CudaResult.NoBinaryForGpu, () => Context.Load([0x7f, (byte)'E', (byte)'L', (byte)'F', 0]), "compute_80");

    [Test]
    public void Missing_kernels_and_variables_are_named()
    {
        Fails(CudaResult.NotFound, () => _ = Module["sub"], "sub");
        Fails(CudaResult.NotFound, () => Module.Global<int>("question"), "question");
        Assert.That(Module.Global<int>("answer").ToArray(), Is.EqualTo(new[] { 42 }));
    }

    [Test]
    public void Stale_and_foreign_handles_are_noticed()
    {
        DriverTable table = Entered();
        const ulong Nowhere = 0x1234;
        Assert.Multiple(() =>
        {
            Assert.That(table.cuStreamSynchronize(12345), Is.EqualTo(CudaResult.InvalidHandle));
            Assert.That(table.cuModuleUnload(Context.Handle), Is.EqualTo(CudaResult.InvalidHandle));
            Assert.That(table.cuCtxSetCurrent(77), Is.EqualTo(CudaResult.InvalidContext));
            Assert.That(table.cuMemFree_v2(Nowhere), Is.EqualTo(CudaResult.InvalidValue));
            Assert.That(table.cuMemsetD8Async(Nowhere, 0, 4, 0), Is.EqualTo(CudaResult.InvalidValue));
            Assert.That(table.cuMemAlloc_v2(null, 4), Is.EqualTo(CudaResult.InvalidValue));
        });
        ulong address, read;
        Assert.That(table.cuMemAlloc_v2(&address, 0), Is.EqualTo(CudaResult.InvalidValue));
        Assert.That(table.cuMemAlloc_v2(&address, nuint.MaxValue / 2), Is.EqualTo(CudaResult.OutOfMemory));
        Assert.That(table.cuMemAlloc_v2(&address, 16), Is.EqualTo(CudaResult.Success));
        Assert.That(table.cuMemcpyDtoH_v2(&read, address + 12, 8), Is.EqualTo(CudaResult.InvalidValue), "reaches over the end");
        Assert.That(table.cuMemFree_v2(address + 4), Is.EqualTo(CudaResult.InvalidValue));
        Assert.That(table.cuMemFree_v2(address), Is.EqualTo(CudaResult.Success));
        Assert.That(table.cuMemFree_v2(address), Is.EqualTo(CudaResult.InvalidValue), "freed twice");
    }

    /// <summary>The bare entry points, with the context as the thread's current one.</summary>
    private DriverTable Entered()
    {
        DriverTable table = SoftwareDriver.Table;
        Assert.That(table.cuCtxPushCurrent_v2(Context.Handle), Is.EqualTo(CudaResult.Success));
        return table;
    }

    [Test]
    public void Nothing_crosses_the_boundary_as_an_exception()
    {
        // Every entry point with nothing but zeros: a code comes back, whichever. Parameters are at most twelve words, and callers
        // clean up after themselves, so that one signature serves all.
        DriverTable table = SoftwareDriver.Table;
        Span<nint> entries = System.Runtime.InteropServices.MemoryMarshal.Cast<DriverTable, nint>(new Span<DriverTable>(ref table));
        foreach (nint entry in entries)
            _ = ((delegate* unmanaged<nint, nint, nint, nint, nint, nint, nint, nint, nint, nint, nint, nint, CudaResult>)entry)(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    }
}
