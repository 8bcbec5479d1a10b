namespace Sequoia.Interop.Tests.Driver;

/// <summary>Boxes of elements: what is copied, what is refused, and what it costs.</summary>
internal sealed class StridedCopyTests
{
    [Test]
    public void A_box_goes_where_a_plain_loop_puts_it()
    {
        CudaDriver driver = FakeDriver.Reset();
        using CudaContext context = CudaContext.Create(driver.Devices[0]);
        using CudaStream stream = context.CreateStream();
        var random = new Random(1);
        for (int round = 0; round < 300; round++)
        {
            int width = random.Next(1, 6), height = random.Next(1, 5), depth = random.Next(1, 5);
            StridedLayout from = Layout(), to = Layout();
            short[] source = [.. Enumerable.Range(1, (int)Length(from)).Select(i => (short)(257 * i))];
            using PinnedBuffer<short> pinned = context.AllocatePinned<short>(source.Length);
            source.CopyTo(pinned.Span);
            using DeviceBuffer<short> target = context.Allocate<short>(Length(to)), device = context.Upload<short>(source), second = context.Allocate<short>(Length(to));
            target.FillBytesAsync(0);
            second.FillBytesAsync(0);
            var copy = new StridedCopy(width, height, depth, from, to);
            target.CopyFromAsync(pinned, copy, stream);
            second.CopyFromAsync(device, copy, stream);
            short[] expected = new short[Length(to)];
            for (int z = 0; z < depth; z++)
            {
                for (int y = 0; y < height; y++)
                {
                    for (int x = 0; x < width; x++)
                        expected[At(to, x, y, z)] = source[At(from, x, y, z)];
                }
            }
            Assert.That(target.ToArray(), Is.EqualTo(expected), $"{copy}");
            Assert.That(second.ToArray(), Is.EqualTo(expected), $"{copy}");

            StridedLayout Layout() => new(random.Next(4), random.Next(width, width + 4), random.Next(height, height + 3));
            // The last row ends the buffer, so that the bounds are the tightest ones.
            long Length(StridedLayout side) => At(side, width, height - 1, depth - 1);
        }

        static long At(StridedLayout side, int x, int y, int z) => side.Start + (((z * side.Rows) + y) * side.Pitch) + x;
    }

    private static readonly object[] s_refused =
    [
        new object[] { new StridedCopy(-1, 1, 1, new(0, 4), new(0, 4)), "negative" },
        new object[] { new StridedCopy(4, 1, -1, new(0, 4), new(0, 4)), "negative" },
        new object[] { new StridedCopy(4, 2, 1, new(0, 3), new(0, 4)), "source's rows overlap" },
        new object[] { new StridedCopy(4, 2, 1, new(0, 4), new(0, 3)), "target's rows overlap" },
        new object[] { new StridedCopy(4, 2, 2, new(0, 4, 1), new(0, 4, 2)), "source's slices overlap" },
        new object[] { new StridedCopy(4, 2, 2, new(0, 4, 2), new(0, 4)), "target's slices overlap" },
        new object[] { new StridedCopy(4, 1, 1, new(-1, 4), new(0, 4)), "outside of the source" },
        new object[] { new StridedCopy(4, 1, 1, new(61, 4), new(0, 4)), "outside of the source" },
        new object[] { new StridedCopy(4, 1, 1, new(0, 4), new(61, 4)), "outside of the target" },
        new object[] { new StridedCopy(4, 5, 1, new(0, 15), new(0, 16)), "outside of the target" },
        new object[] { new StridedCopy(4, 2, 3, new(0, 4, 2), new(0, 4, 8)), "outside of the target" },
        new object[] { new StridedCopy(long.MaxValue, 1, 1, new(0, 4), new(0, 4)), "outside of the source" },
        new object[] { new StridedCopy(4, long.MaxValue, 1, new(0, long.MaxValue), new(0, 4)), "outside of the source" },
        new object[] { new StridedCopy(1, long.MaxValue, long.MaxValue, new(0, long.MaxValue, long.MaxValue), new(0, 4)), "outside of the source" },
        // Products that come back into the buffer if they wrap.
        new object[] { new StridedCopy(1, 3, 1, new(0, 1L << 62), new(0, 1)), "outside of the source" },
        new object[] { new StridedCopy(1, 1, 2, new(0, 1L << 32, 1L << 32), new(0, 1, 1)), "outside of the source" },
        new object[] { new StridedCopy(1, 1, (1L << 32) + 1, new(0, 1, 1L << 32), new(0, 1, 1)), "outside of the source" },
    ];

    [TestCaseSource(nameof(s_refused))]
    public void What_is_not_in_the_buffers_never_reaches_the_driver(StridedCopy copy, string words)
    {
        CudaDriver driver = FakeDriver.Reset();
        using CudaContext context = CudaContext.Create(driver.Devices[0]);
        using CudaStream stream = context.CreateStream();
        using PinnedBuffer<int> source = context.AllocatePinned<int>(64);
        using DeviceBuffer<int> target = context.Allocate<int>(64);
        Assert.That(() => target.CopyFromAsync(source, copy, stream), Throws.ArgumentException.With.Message.Contains(words));
        Assert.That(FakeDriver.Calls, Does.Not.Contain("cuMemcpy3DAsync_v2"));
    }

    [Test]
    public void Nothing_is_copied_by_nothing_and_one_row_needs_no_pitch()
    {
        CudaDriver driver = FakeDriver.Reset();
        using CudaContext context = CudaContext.Create(driver.Devices[0]);
        using CudaStream stream = context.CreateStream();
        using PinnedBuffer<int> source = context.AllocatePinned<int>(64);
        using DeviceBuffer<int> target = context.Allocate<int>(64);
        target.CopyFromAsync(source, new StridedCopy(0, 3, 3, default, default), stream);
        target.CopyFromAsync(source, new StridedCopy(3, 3, 0, default, default), stream);
        Assert.That(FakeDriver.Calls, Does.Not.Contain("cuMemcpy3DAsync_v2"));
        source.Span[5] = 9;
        target.CopyFromAsync(source, new StridedCopy(64, 1, 1, default, default), stream);
        Assert.That(target.ToArray()[5], Is.EqualTo(9));
    }

    [Test]
    public void A_strided_copy_allocates_nothing()
    {
        CudaDriver driver = FakeDriver.Reset((ref DriverTable table) => Quiet.Take(ref table));
        using CudaContext context = CudaContext.Create(driver.Devices[0]);
        using CudaStream stream = context.CreateStream();
        using PinnedBuffer<int> source = context.AllocatePinned<int>(64);
        using DeviceBuffer<int> target = context.Allocate<int>(64);
        var copy = new StridedCopy(2, 3, 4, new(1, 4, 4), new(0, 5, 3));
        target.CopyFromAsync(source, copy, stream);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
            target.CopyFromAsync(source, copy, stream);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
        Assert.That(Quiet.Copies, Is.EqualTo(1001));
    }

    /// <summary>An entry point that keeps no book, since a book allocates.</summary>
    private static unsafe class Quiet
    {
        public static int Copies { get; private set; }

        public static void Take(ref DriverTable table)
        {
            Copies = 0;
            table.cuMemcpy3DAsync_v2 = &Copy;
        }

        [System.Runtime.InteropServices.UnmanagedCallersOnly]
        private static CudaResult Copy(MemoryCopy3D* copy, nint stream)
        {
            Copies++;
            return CudaResult.Success;
        }
    }
}
