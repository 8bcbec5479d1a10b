namespace Sequoia.Interop.Tests.Driver;

/// <summary>Copies and fills on a driver whose device memory is the host's.</summary>
internal sealed class MemoryTests
{
    [Test]
    public void Copies_go_where_they_should_and_check_their_bounds()
    {
        CudaDriver driver = FakeDriver.Reset();
        using CudaContext context = CudaContext.Create(driver.Devices[0]);
        using DeviceBuffer<int> buffer = context.Upload<int>([1, 2, 3, 4, 5]);
        buffer.CopyFrom([30, 40], start: 2);
        int[] part = new int[3];
        buffer.CopyTo(part, start: 1);
        buffer.CopyFrom([], start: 5);
        buffer.CopyTo([], start: 5);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(buffer.ToArray(), Is.EqualTo(new[] { 1, 2, 30, 40, 5 }));
            Assert.That(part, Is.EqualTo(new[] { 2, 30, 40 }));
            Assert.That(() => buffer.CopyFrom([1, 2], start: 4), Throws.ArgumentException.With.Message.EqualTo("elements 4 to 6 are outside of a buffer of 5"));
            Assert.That(() => buffer.CopyTo(new int[6]), Throws.ArgumentException);
            Assert.That(() => buffer.At(5), Throws.ArgumentException);
            Assert.That(() => buffer.At(-1), Throws.ArgumentException);
        }
    }

    [Test]
    public void Copies_through_a_stream_have_happened_on_return()
    {
        CudaDriver driver = FakeDriver.Reset();
        using CudaContext context = CudaContext.Create(driver.Devices[0]);
        using CudaStream stream = context.CreateStream(nonBlocking: true);
        using DeviceBuffer<int> buffer = context.Allocate<int>(2);
        buffer.CopyFrom([5, 6], stream: stream);
        int[] back = new int[2];
        buffer.CopyTo(back, stream: stream);
        Assert.That(back, Is.EqualTo(new[] { 5, 6 }));
        Assert.That(FakeDriver.Calls[^4..], Is.EqualTo(new[] { "cuMemcpyHtoDAsync_v2", "cuStreamSynchronize", "cuMemcpyDtoHAsync_v2", "cuStreamSynchronize" }));
    }

    [Test]
    public void Pinned_memory_fills_and_copies_on_the_device_do_not_wait()
    {
        CudaDriver driver = FakeDriver.Reset();
        using CudaContext context = CudaContext.Create(driver.Devices[0]);
        using CudaStream stream = context.CreateStream();
        using PinnedBuffer<float> pinned = context.AllocatePinned<float>(3);
        using DeviceBuffer<float> a = context.Allocate<float>(4), b = context.Allocate<float>(4);
        a.FillAsync(1.5f, stream);
        new[] { 7f, 8f, 9f }.CopyTo(pinned.Span);
        a.CopyFromAsync(pinned, stream, start: 1);
        b.CopyFromAsync(a, stream);
        pinned.Span.Clear();
        b.CopyToAsync(pinned, stream);
        Assert.That(pinned.Span.ToArray(), Is.EqualTo(new[] { 1.5f, 7f, 8f }));
        a.CopyFromAsync(pinned, 2, stream, start: 2);
        Assert.That(a.ToArray(), Is.EqualTo(new[] { 1.5f, 7f, 1.5f, 7f }), "a part of the pinned memory");
        Assert.That(() => a.CopyFromAsync(pinned, 4, stream), Throws.ArgumentException);
        Assert.That(() => a.CopyFromAsync(pinned, -1, stream), Throws.ArgumentException);
        b.FillBytesAsync(0, stream);
        Assert.That(FakeDriver.Calls, Does.Not.Contain("cuStreamSynchronize"));
        Assert.That(b.ToArray(), Is.All.Zero);
        using DeviceBuffer<double> doubles = context.Allocate<double>(1);
        Assert.That(() => doubles.FillAsync(1), Throws.TypeOf<NotSupportedException>());
    }

    [Test]
    public void Empty_and_oversized_allocations_give_the_drivers_code_and_one_clear_line()
    {
        CudaDriver driver = FakeDriver.Reset();
        using CudaContext context = CudaContext.Create(driver.Devices[0]);
        CudaException? empty = Assert.Throws<CudaException>(() => context.Allocate<int>(0));
        FakeDriver.Fail("cuMemAlloc_v2", CudaResult.OutOfMemory);
        CudaException? large = Assert.Throws<CudaException>(() => context.Allocate<int>(1L << 40));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(empty.Code, Is.EqualTo(CudaResult.InvalidValue));
            Assert.That(empty.Message, Does.Contain("a buffer cannot be empty"));
            Assert.That(large.Message, Is.EqualTo(
                "cuMemAlloc_v2 failed: CUDA_ERROR_OUT_OF_MEMORY (out of memory); 1099511627776 elements of 4 bytes were asked for, "
                + "and 1000 of 2000 bytes are free; nvidia-smi shows who else uses the device"));
            Assert.That(() => context.Allocate<int>(-1), Throws.InstanceOf<ArgumentOutOfRangeException>());
            Assert.That(() => context.Allocate<int>(long.MaxValue), Throws.InstanceOf<ArgumentOutOfRangeException>());
        }
    }

    [Test]
    public void A_failed_upload_leaves_nothing_behind()
    {
        CudaDriver driver = FakeDriver.Reset();
        using CudaContext context = CudaContext.Create(driver.Devices[0]);
        FakeDriver.Fail("cuMemcpyHtoD_v2", CudaResult.Unknown);
        Assert.That(() => context.Upload<int>([1]), Throws.TypeOf<CudaException>());
        Assert.That(FakeDriver.Live, Is.EqualTo(new[] { "context" }));
    }
}
