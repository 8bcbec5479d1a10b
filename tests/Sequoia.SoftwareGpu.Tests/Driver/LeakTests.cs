using Sequoia.Interop;

namespace Sequoia.SoftwareGpu.Tests.Driver;

public unsafe class LeakTests : DriverFixture
{
    [Test]
    public void What_a_context_leaves_allocated_is_told_and_freed()
    {
        int before = SoftwareDriver.LiveAllocations.Count;
        IReadOnlyList<DeviceAllocation> leaked = [];
        void Keep(IReadOnlyList<DeviceAllocation> left) => leaked = left;
        SoftwareDriver.Leaked += Keep;
        try
        {
            DriverTable table = SoftwareDriver.Table;
            nint context;
            ulong kept, freed;
            table.cuCtxCreate_v2(&context, 0, 0);
            table.cuMemAlloc_v2(&freed, 100);
            table.cuMemAlloc_v2(&kept, 200);
            table.cuMemFree_v2(freed);
            Assert.That(SoftwareDriver.LiveAllocations, Has.Count.EqualTo(before + 1));
            table.cuCtxDestroy_v2(context);
            Assert.That(leaked.Select(one => (one.Address, one.Bytes)), Is.EqualTo(new[] { (kept, 200ul) }));
            Assert.That(SoftwareDriver.LiveAllocations, Has.Count.EqualTo(before));
        }
        finally
        {
            SoftwareDriver.Leaked -= Keep;
        }
    }

    [Test]
    public void Modules_and_buffers_that_are_disposed_of_leak_nothing()
    {
        bool leaks = false;
        void Notice(IReadOnlyList<DeviceAllocation> left) => leaks = true;
        SoftwareDriver.Leaked += Notice;
        try
        {
            using (CudaContext context = SoftwareDriver.Open())
            {
                using DeviceBuffer<int> buffer = context.Upload<int>([1, 2, 3]);
                using PinnedBuffer<int> pinned = context.AllocatePinned<int>(10);
                using CudaModule module = context.Load(".version 8.0\n.target sm_80\n.address_size 64\n.global .u32 x;\n.visible .entry f() { ret; }\n"u8);
                module["f"].Launch(1, 32);
            }
            Assert.That(leaks, Is.False);
        }
        finally
        {
            SoftwareDriver.Leaked -= Notice;
        }
    }
}
