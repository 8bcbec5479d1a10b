using Sequoia.Interop;

namespace Sequoia.SoftwareGpu.Tests.Driver;

public unsafe class StreamTests : DriverFixture
{
    [Test]
    public void Work_is_done_when_somebody_waits_for_it()
    {
        using CudaStream stream = Context.CreateStream(nonBlocking: true);
        using DeviceBuffer<int> data = Numbers(1, 2, 3);
        using PinnedBuffer<int> seen = Context.AllocatePinned<int>(3);
        Add(data, 10, stream);
        data.CopyToAsync(seen, stream);
        Assert.That(seen.Span.ToArray(), Is.Not.EqualTo(new[] { 11, 12, 13 }), "a missing wait must be seen");
        stream.Synchronize();
        Assert.That(seen.Span.ToArray(), Is.EqualTo(new[] { 11, 12, 13 }));
    }

    [Test]
    public void A_copy_from_pinned_memory_reads_late_and_one_from_pageable_memory_at_once()
    {
        using CudaStream stream = Context.CreateStream(nonBlocking: true);
        using PinnedBuffer<int> pinned = Context.AllocatePinned<int>(1);
        int[] pageable = [1];
        SoftwareDriver.Table.cuCtxPushCurrent_v2(Context.Handle);
        pinned.Span[0] = 1;
        using DeviceBuffer<int> late = Context.Allocate<int>(1), early = Context.Allocate<int>(1);
        late.CopyFromAsync(pinned, stream);
        // The safe type would wait before the array may change.
        fixed (int* source = pageable)
            Assert.That(SoftwareDriver.Table.cuMemcpyHtoDAsync_v2((ulong)early.Handle, source, sizeof(int), stream.Handle), Is.EqualTo(CudaResult.Success));
        pinned.Span[0] = pageable[0] = 2;
        stream.Synchronize();
        Assert.That((late.ToArray()[0], early.ToArray()[0]), Is.EqualTo((2, 1)));
    }

    /// <summary>A driver returns when it has staged the bytes, so another stream must not rely on them before the default stream is done.</summary>
    [Test]
    public void A_blocking_copy_from_pageable_memory_happens_in_the_default_stream()
    {
        using CudaStream stream = Context.CreateStream(nonBlocking: true);
        using DeviceBuffer<int> data = Numbers(1);
        SoftwareDriver.Table.cuCtxPushCurrent_v2(Context.Handle);
        int[] pageable = [5];
        fixed (int* source = pageable)
            Assert.That(SoftwareDriver.Table.cuMemcpyHtoD_v2((ulong)data.Handle, source, sizeof(int)), Is.EqualTo(CudaResult.Success));
        pageable[0] = 6;
        Add(data, 10, stream);
        stream.Synchronize();
        Assert.That(data.ToArray()[0], Is.EqualTo(5), "the addition came before the copy");
    }

    /// <summary>The safe type waits, as it promises.</summary>
    [Test]
    public void A_buffers_copy_is_complete_for_every_stream([Values] bool isNew)
    {
        using CudaStream stream = Context.CreateStream(nonBlocking: true);
        using DeviceBuffer<int> old = Numbers(1);
        if (!isNew)
            old.CopyFrom([5]);
        using DeviceBuffer<int>? fresh = isNew ? Context.Upload<int>([5]) : null;
        Add(fresh ?? old, 10, stream);
        stream.Synchronize();
        Assert.That((fresh ?? old).ToArray()[0], Is.EqualTo(15));
    }

    [Test]
    public void A_benchmark_begins_after_work_in_the_default_stream()
    {
        using DeviceBuffer<int> data = Context.Allocate<int>(1), sum = Numbers(0);
        data.FillAsync(5);
        Context.Benchmark(stream => sum.CopyFromAsync(data, stream), new BenchmarkOptions { WarmUps = 0, Repeats = 1 });
        Assert.That(sum.ToArray()[0], Is.EqualTo(5));
    }

    [Test]
    public void The_default_stream_and_blocking_streams_wait_for_each_other()
    {
        using CudaStream blocking = Context.CreateStream(), free = Context.CreateStream(nonBlocking: true);
        using DeviceBuffer<int> data = Numbers(0), other = Numbers(0);
        Add(other, 1, free);
        Add(data, 1, blocking);
        Add(data, 10);
        Add(data, 100, blocking);
        blocking.Synchronize();
        Assert.That(free.IsIdle, Is.False, "nobody waited for the non-blocking stream");
        Assert.That(data.ToArray()[0], Is.EqualTo(111));
    }

    [Test]
    public void A_stream_waits_for_another_ones_event_and_no_further()
    {
        using CudaStream first = Context.CreateStream(nonBlocking: true), second = Context.CreateStream(nonBlocking: true);
        using CudaEvent mark = Context.CreateEvent();
        using DeviceBuffer<int> data = Numbers(0);
        Add(data, 1, first);
        mark.Record(first);
        Add(data, 10, first);
        second.Wait(mark);
        Add(data, 100, second);
        Assert.That(mark.HasHappened, Is.False);
        second.Synchronize();
        Assert.That(mark.HasHappened);
        Assert.That(first.IsIdle, Is.False);
        first.Synchronize();
        Assert.That(data.ToArray()[0], Is.EqualTo(111));
    }

    [Test]
    public void Who_polls_sees_progress()
    {
        using CudaStream stream = Context.CreateStream(nonBlocking: true);
        using CudaEvent mark = Context.CreateEvent();
        using DeviceBuffer<int> data = Numbers(0);
        for (int i = 0; i < 5; i++)
            Add(data, 1, stream);
        mark.Record(stream);
        int asked = 0;
        while (!mark.HasHappened)
            asked++;
        Assert.That(asked, Is.InRange(1, 10));
        Assert.That(data.ToArray()[0], Is.EqualTo(5));
    }

    [Test]
    public void Streams_that_wait_for_each_other_ten_thousand_times_do_not_overflow_the_stack()
    {
        using CudaStream blocking = Context.CreateStream();
        using DeviceBuffer<int> data = Numbers(0);
        for (int i = 0; i < 5000; i++)
        {
            Add(data, 1, blocking);
            Add(data, 1);
        }
        blocking.Synchronize();
        Assert.That(data.ToArray()[0], Is.EqualTo(10000));
    }

    [Test]
    public void Event_times_follow_the_work_and_are_the_same_every_time()
    {
        TimeSpan large = Time(100_000), again = Time(100_000);
        Assert.That(large, Is.GreaterThan(Time(1000)));
        Assert.That(again, Is.EqualTo(large));

        TimeSpan Time(int count)
        {
            using CudaStream stream = Context.CreateStream();
            using CudaEvent start = Context.CreateEvent(), end = Context.CreateEvent();
            using DeviceBuffer<int> data = Numbers(new int[count]);
            start.Record(stream);
            Add(data, 1, stream);
            end.Record(stream);
            end.Synchronize();
            return CudaEvent.Elapsed(start, end);
        }
    }
}
