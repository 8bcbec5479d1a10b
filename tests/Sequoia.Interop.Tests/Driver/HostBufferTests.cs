using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Sequoia.Interop.Tests.Driver;

/// <summary>Memory of the caller that a driver pins: who keeps what alive, and what happens if the driver refuses.</summary>
internal sealed unsafe class HostBufferTests
{
    [Test]
    public void Disposal_unregisters_and_leaves_the_memory_to_its_owner()
    {
        CudaDriver driver = FakeDriver.Reset();
        using var memory = new Memory(64);
        CudaContext context = CudaContext.Create(driver.Devices[0]);
        HostBuffer<int> buffer = context.RegisterHost<int>(memory.Address, 16, memory);
        Assert.That((buffer.Length, buffer.Bytes, buffer.IsRegistered, buffer.DeviceAddress), Is.EqualTo((16L, 64L, true, memory.Address)));
        // Neither the context nor the memory may go before the registration.
        context.Dispose();
        memory.Dispose();
        Assert.That(FakeDriver.Live, Is.EqualTo(new[] { "context", "registered" }));
        Assert.That(memory.IsFreed, Is.False);
        buffer.Dispose();
        buffer.Dispose();
        Assert.That(FakeDriver.Calls[^2..], Is.EqualTo(new[] { "cuMemHostUnregister", "cuCtxDestroy_v2" }));
        Assert.That(FakeDriver.Live, Is.Empty);
        Assert.That(memory.IsFreed);
        Assert.That(() => buffer.DeviceAddress, Throws.InstanceOf<ObjectDisposedException>());
    }

    [Test]
    public void What_nobody_disposes_of_the_garbage_collector_unregisters()
    {
        CudaDriver driver = FakeDriver.Reset();
        using var memory = new Memory(64);
        Forget(driver, memory);
        for (int i = 0; i < 50 && FakeDriver.Live.Length > 0; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        Assert.That(FakeDriver.Live, Is.Empty);
        memory.Dispose();
        Assert.That(memory.IsFreed);
    }

    [TestCase(CudaResult.OutOfMemory, "ulimit -l")]
    [TestCase(CudaResult.OperatingSystem, "ulimit -l")]
    [TestCase(CudaResult.NotSupported, "pageable")]
    [TestCase(CudaResult.NotPermitted, "pageable")]
    [TestCase(CudaResult.HostMemoryAlreadyRegistered, "already")]
    [TestCase(CudaResult.InvalidValue, "writable")]
    public void A_refusal_has_its_own_type_and_advice_and_pageable_memory_remains(CudaResult code, string advice)
    {
        CudaDriver driver = FakeDriver.Reset();
        using var memory = new Memory(64);
        using CudaContext context = CudaContext.Create(driver.Devices[0]);
        FakeDriver.Fail("cuMemHostRegister_v2", code);
        HostRegistrationException? refusal = Assert.Throws<HostRegistrationException>(() => context.RegisterHost<int>(memory.Address, 16, memory));
        Assert.That((refusal.Code, refusal.Function), Is.EqualTo((code, "cuMemHostRegister_v2")));
        Assert.That(refusal.Message, Does.Contain(advice));
        Assert.That(FakeDriver.Calls, Does.Not.Contain("cuMemHostUnregister"));
        using (HostBuffer<int> pageable = context.WrapHost<int>(memory.Address, 16, memory))
        using (CudaStream stream = context.CreateStream())
        using (DeviceBuffer<int> target = context.Allocate<int>(2))
        {
            memory.Span[3] = 7;
            target.CopyFromAsync(pageable, 3, 1, stream, start: 1);
            Assert.That(target.ToArray()[1], Is.EqualTo(7));
            Assert.That(pageable.IsRegistered, Is.False);
            Assert.That(() => pageable.DeviceAddress, Throws.InvalidOperationException);
        }
        Assert.That(FakeDriver.Calls, Does.Not.Contain("cuMemHostUnregister"));
        memory.Dispose();
        Assert.That(memory.IsFreed);
    }

    [Test]
    public void A_driver_without_the_entry_point_refuses_like_another()
    {
        CudaDriver driver = FakeDriver.Reset((ref DriverTable table) => table.cuMemHostRegister_v2 = null);
        using var memory = new Memory(64);
        using CudaContext context = CudaContext.Create(driver.Devices[0]);
        Assert.That(() => context.RegisterHost<int>(memory.Address, 16), Throws.TypeOf<HostRegistrationException>().With.Message.Contains("does not have it"));
    }

    [Test]
    public void A_lost_context_is_no_refusal()
    {
        CudaDriver driver = FakeDriver.Reset();
        using var memory = new Memory(64);
        using CudaContext context = CudaContext.Create(driver.Devices[0]);
        FakeDriver.Fail("cuMemHostRegister_v2", CudaResult.IllegalAddress);
        Assert.That(() => context.RegisterHost<int>(memory.Address, 16), Throws.TypeOf<CudaException>());
    }

    [Test]
    public void Memory_that_cannot_be_is_refused_before_the_driver_sees_it()
    {
        CudaDriver driver = FakeDriver.Reset();
        using CudaContext context = CudaContext.Create(driver.Devices[0]);
        using var gone = new Memory(64);
        nint address = gone.Address;
        gone.Dispose();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => context.RegisterHost<int>(0, 1), Throws.InstanceOf<ArgumentOutOfRangeException>());
            Assert.That(() => context.RegisterHost<int>(address, 0), Throws.InstanceOf<ArgumentOutOfRangeException>());
            Assert.That(() => context.RegisterHost<int>(address, -1), Throws.InstanceOf<ArgumentOutOfRangeException>());
            Assert.That(() => context.RegisterHost<int>(address, long.MaxValue), Throws.InstanceOf<ArgumentOutOfRangeException>());
            Assert.That(() => context.RegisterHost<int>(-8, 4), Throws.InstanceOf<ArgumentOutOfRangeException>());
            Assert.That(() => context.RegisterHost<int>(address, 16, gone), Throws.InstanceOf<ObjectDisposedException>());
            Assert.That(FakeDriver.Calls, Does.Not.Contain("cuMemHostRegister_v2"));
        }
        context.Dispose();
        Assert.That(FakeDriver.Live, Is.Empty, "a failed registration does not hold the context");
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Forget(CudaDriver driver, Memory memory) => _ = CudaContext.Create(driver.Devices[0]).RegisterHost<int>(memory.Address, 16, memory);

    private sealed class Memory : SafeHandle
    {
        private readonly int _bytes;

        public Memory(int bytes) : base(0, ownsHandle: true)
        {
            _bytes = bytes;
            SetHandle((nint)NativeMemory.AllocZeroed((nuint)bytes));
        }

        public nint Address => handle;

        public Span<int> Span => new((void*)handle, _bytes / sizeof(int));

        public bool IsFreed { get; private set; }

        public override bool IsInvalid => handle == 0;

        protected override bool ReleaseHandle()
        {
            NativeMemory.Free((void*)handle);
            return IsFreed = true;
        }
    }
}
