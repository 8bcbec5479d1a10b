using System.Runtime.InteropServices;
using Sequoia.Interop;

namespace Sequoia.SoftwareGpu.Tests.Driver;

/// <summary>Memory that the host registers or does not, and boxes of it.</summary>
public sealed unsafe class CopyTests : DriverFixture
{
    private const int PageBytes = 4096;

    private byte* _memory;
    private CudaStream _stream = null!;

    [SetUp]
    public void Make()
    {
        _memory = (byte*)NativeMemory.AlignedAlloc(4 * PageBytes, PageBytes);
        NativeMemory.Clear(_memory, 4 * PageBytes);
        _stream = Context.CreateStream(nonBlocking: true);
    }

    [TearDown]
    public void Unmake()
    {
        _stream.Dispose();
        NativeMemory.AlignedFree(_memory);
    }

    public enum Memory
    {
        Registered,
        Pageable,
        Pinned,
        Device,
    }

    [Test]
    public void A_box_goes_where_a_plain_loop_puts_it([Values] Memory memory, [Values] bool isCaptured)
    {
        var random = new Random((int)memory);
        for (int round = 0; round < 60; round++)
        {
            int width = random.Next(1, 9), height = random.Next(1, 9), depth = random.Next(1, 5);
            StridedLayout from = Layout(), to = Layout();
            int length = (int)Length(from);
            short[] source = [.. Enumerable.Range(1, length).Select(i => (short)(257 * i))];
            using HostBuffer<short> host = memory == Memory.Registered ? Context.RegisterHost<short>((nint)_memory, length) : Context.WrapHost<short>((nint)_memory, length);
            using PinnedBuffer<short> pinned = Context.AllocatePinned<short>(length);
            using DeviceBuffer<short> device = Context.Upload<short>(source), target = Context.Allocate<short>(Length(to));
            source.CopyTo(new Span<short>(_memory, length));
            source.CopyTo(pinned.Span);
            target.FillBytesAsync(0);
            Context.Synchronize();
            var copy = new StridedCopy(width, height, depth, from, to);
            Run(isCaptured, () =>
            {
                if (memory == Memory.Pinned)
                    target.CopyFromAsync(pinned, copy, _stream);
                else if (memory == Memory.Device)
                    target.CopyFromAsync(device, copy, _stream);
                else
                    target.CopyFromAsync(host, copy, _stream);
            });
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

            StridedLayout Layout() => new(random.Next(4), random.Next(width, width + 4), random.Next(height, height + 3));
            long Length(StridedLayout side) => At(side, width, height - 1, depth - 1);
        }

        static long At(StridedLayout side, int x, int y, int z) => side.Start + (((z * side.Rows) + y) * side.Pitch) + x;
    }

    /// <summary>Registered memory is read when the copy runs, pageable memory during the call; in a graph, both at each launch.</summary>
    [TestCase(true, false, ExpectedResult = new[] { 2, 2 })]
    [TestCase(false, false, ExpectedResult = new[] { 1, 1 })]
    [TestCase(true, true, ExpectedResult = new[] { 2, 3 })]
    [TestCase(false, true, ExpectedResult = new[] { 2, 3 })]
    public int[] When_the_memory_is_read(bool isRegistered, bool isCaptured)
    {
        int* memory = (int*)_memory;
        using HostBuffer<int> host = isRegistered ? Context.RegisterHost<int>((nint)memory, 4) : Context.WrapHost<int>((nint)memory, 4);
        using DeviceBuffer<int> target = Context.Allocate<int>(4);
        int[] seen = new int[2];
        *memory = 1;
        if (!isCaptured)
        {
            target.CopyFromAsync(host, 0, 4, _stream);
            *memory = 2;
            _stream.Synchronize();
            seen[0] = seen[1] = target.ToArray()[0];
            return seen;
        }
        using CudaGraph graph = _stream.Capture(() => target.CopyFromAsync(host, 0, 4, _stream));
        using ExecutableGraph executable = graph.Instantiate();
        for (int launch = 0; launch < 2; launch++)
        {
            *memory = 2 + launch;
            executable.Launch(_stream);
            _stream.Synchronize();
            seen[launch] = target.ToArray()[0];
        }
        return seen;
    }

    [Test]
    public void Kernels_see_registered_memory_at_its_device_address()
    {
        int* memory = (int*)_memory;
        memory[1] = 5;
        using (HostBuffer<int> host = Context.RegisterHost<int>((nint)memory, 4))
        {
            Module["add"].Launch(1, 32, 0, _stream, host, 10, 4);
            _stream.Synchronize();
        }
        Assert.That((memory[0], memory[1]), Is.EqualTo((10, 15)));
    }

    [Test]
    public void Disposal_waits_for_copies_and_unregisters()
    {
        using DeviceBuffer<byte> target = Context.Allocate<byte>(PageBytes);
        _memory[7] = 3;
        using (HostBuffer<byte> host = Context.RegisterHost<byte>((nint)_memory, PageBytes))
            target.CopyFromAsync(host, 0, PageBytes, _stream);
        _memory[7] = 4;
        Assert.That(target.ToArray()[7], Is.EqualTo(3));
        using HostBuffer<byte> again = Context.RegisterHost<byte>((nint)_memory, PageBytes);
        Assert.That(again.IsRegistered);
    }

    [Test]
    public void Registrations_do_not_overlap()
    {
        using HostBuffer<byte> middle = Context.RegisterHost<byte>((nint)_memory + PageBytes, PageBytes);
        foreach ((int start, int length) in ((int, int)[])[(PageBytes, PageBytes), (0, 2 * PageBytes), (PageBytes + 5, 1), (0, 4 * PageBytes), (2 * PageBytes - 1, 10)])
        {
            HostRegistrationException refusal = Assert.Throws<HostRegistrationException>(() => Context.RegisterHost<byte>((nint)_memory + start, length))!;
            Assert.That(refusal.Code, Is.EqualTo(CudaResult.HostMemoryAlreadyRegistered), $"{start}, {length}");
        }
        using HostBuffer<byte> before = Context.RegisterHost<byte>((nint)_memory, PageBytes), after = Context.RegisterHost<byte>((nint)_memory + (2 * PageBytes), PageBytes);
    }

    [Test]
    public void A_copy_does_not_span_registrations()
    {
        using HostBuffer<byte> first = Context.RegisterHost<byte>((nint)_memory, PageBytes), second = Context.RegisterHost<byte>((nint)_memory + PageBytes, PageBytes);
        using HostBuffer<byte> both = Context.WrapHost<byte>((nint)_memory, 3 * PageBytes);
        using DeviceBuffer<byte> target = Context.Allocate<byte>(3 * PageBytes);
        Fails(CudaResult.InvalidValue, () => target.CopyFromAsync(both, 0, 2 * PageBytes, _stream), "registration");
        Fails(CudaResult.InvalidValue, () => target.CopyFromAsync(both, PageBytes + 1, PageBytes, _stream), "registration");
        Fails(CudaResult.InvalidValue, () => target.CopyFromAsync(both, new StridedCopy(8, 2, 1, new(0, PageBytes), new(0, 8)), _stream), "registration");
        target.CopyFromAsync(both, PageBytes, PageBytes, _stream);
        target.CopyFromAsync(both, 2 * PageBytes, PageBytes, _stream);
        _stream.Synchronize();
    }

    [Test]
    public void Wrong_registrations_get_the_drivers_codes()
    {
        DriverTable table = SoftwareDriver.Table;
        table.cuCtxPushCurrent_v2(Context.Handle);
        using DeviceBuffer<byte> device = Context.Allocate<byte>(64);
        using PinnedBuffer<byte> pinned = Context.AllocatePinned<byte>(64);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(table.cuMemHostRegister_v2(null, 64, 0), Is.EqualTo(CudaResult.InvalidValue));
            Assert.That(table.cuMemHostRegister_v2(_memory, 0, 0), Is.EqualTo(CudaResult.InvalidValue));
            Assert.That(table.cuMemHostRegister_v2(_memory, nuint.MaxValue, 0), Is.EqualTo(CudaResult.InvalidValue));
            Assert.That(table.cuMemHostRegister_v2((void*)device.Handle, 64, 0), Is.EqualTo(CudaResult.InvalidValue));
            Assert.That(table.cuMemHostRegister_v2(_memory, 64, 16), Is.EqualTo(CudaResult.InvalidValue));
            Assert.That(table.cuMemHostRegister_v2(_memory, 64, 8), Is.EqualTo(CudaResult.NotSupported));
            Assert.That(table.cuMemHostRegister_v2((void*)pinned.Handle, 64, 0), Is.EqualTo(CudaResult.HostMemoryAlreadyRegistered));
            Assert.That(table.cuMemHostUnregister(_memory), Is.EqualTo(CudaResult.HostMemoryNotRegistered));
            Assert.That(table.cuMemHostUnregister((void*)pinned.Handle), Is.EqualTo(CudaResult.HostMemoryNotRegistered));
            Assert.That(table.cuMemHostUnregister((void*)device.Handle), Is.EqualTo(CudaResult.HostMemoryNotRegistered));
            Assert.That(table.cuMemHostRegister_v2(_memory, 2 * PageBytes, 2), Is.EqualTo(CudaResult.Success));
            Assert.That(table.cuMemHostUnregister(_memory + PageBytes), Is.EqualTo(CudaResult.HostMemoryNotRegistered), "the start alone names it");
            Assert.That(table.cuMemHostUnregister(_memory), Is.EqualTo(CudaResult.Success));
            Assert.That(table.cuMemHostUnregister(_memory), Is.EqualTo(CudaResult.HostMemoryNotRegistered));
        }
        Fails(CudaResult.StreamCaptureUnsupported, () => _stream.Capture(() => Context.RegisterHost<byte>((nint)_memory, 64)), "captured");
    }

    private delegate void Change(ref MemoryCopy3D copy);

    private static readonly (string Name, CudaResult Result, Change Change)[] s_changes =
    [
        ("nothing", CudaResult.Success, (ref copy) => { }),
        ("unified addresses", CudaResult.Success, (ref copy) => (copy.TargetKind, copy.SourceKind, copy.SourceDevice) = (MemoryKind.Unified, MemoryKind.Unified, (ulong)copy.SourceHost)),
        ("no width", CudaResult.Success, (ref copy) => copy.WidthBytes = 0),
        ("no height of one slice", CudaResult.Success, (ref copy) => (copy.Depth, copy.SourceHeight, copy.TargetHeight) = (1, 0, 0)),
        ("offsets", CudaResult.Success, (ref copy) => (copy.SourceX, copy.SourceY, copy.SourceZ, copy.Height, copy.Depth) = (4, 1, 1, 2, 1)),
        ("offset in a row", CudaResult.InvalidValue, (ref copy) => copy.SourceX = 9),
        ("offset in a slice", CudaResult.InvalidValue, (ref copy) => copy.TargetY = 2),
        ("offset of slices", CudaResult.InvalidValue, (ref copy) => copy.TargetZ = 2),
        ("source's pitch", CudaResult.InvalidValue, (ref copy) => copy.SourcePitch = 7),
        ("target's pitch", CudaResult.InvalidValue, (ref copy) => copy.TargetPitch = 7),
        ("pitch over the limit", CudaResult.InvalidValue, (ref copy) => copy.SourcePitch = 1u << 31),
        ("source's height", CudaResult.InvalidValue, (ref copy) => copy.SourceHeight = 2),
        ("target's height", CudaResult.InvalidValue, (ref copy) => copy.TargetHeight = 2),
        ("no height of two slices", CudaResult.InvalidValue, (ref copy) => copy.SourceHeight = 0),
        ("too deep", CudaResult.InvalidValue, (ref copy) => copy.Depth = 3),
        ("too high", CudaResult.InvalidValue, (ref copy) => (copy.Height, copy.SourceHeight, copy.TargetHeight) = (100, 100, 100)),
        ("height that wraps", CudaResult.InvalidValue, (ref copy) => (copy.Height, copy.SourceHeight, copy.TargetHeight) = (nuint.MaxValue, nuint.MaxValue, nuint.MaxValue)),
        ("depth that wraps", CudaResult.InvalidValue, (ref copy) => copy.Depth = nuint.MaxValue),
        ("slices that wrap", CudaResult.InvalidValue, (ref copy) => (copy.Depth, copy.TargetHeight) = (5, (nuint)1 << 60)),
        ("width that wraps", CudaResult.InvalidValue, (ref copy) => copy.WidthBytes = nuint.MaxValue),
        ("no target", CudaResult.InvalidValue, (ref copy) => copy.TargetDevice = 0),
        ("no source", CudaResult.InvalidValue, (ref copy) => copy.SourceHost = null),
        ("host target that is a device's", CudaResult.InvalidValue, (ref copy) =>
        {
            copy.TargetKind = MemoryKind.Host;
            copy.TargetHost = (void*)copy.TargetDevice;
        }),
        ("device source that is the host's", CudaResult.InvalidValue, (ref copy) => (copy.SourceKind, copy.SourceDevice) = (MemoryKind.Device, (ulong)copy.SourceHost)),
        ("no kind", CudaResult.InvalidValue, (ref copy) => copy.SourceKind = 0),
        ("array", CudaResult.NotSupported, (ref copy) => copy.SourceKind = MemoryKind.Array),
        ("level", CudaResult.InvalidValue, (ref copy) => copy.SourceLevel = 1),
        ("reserved", CudaResult.InvalidValue, (ref copy) => copy.TargetReserved = 1),
    ];

    [Test]
    public void Wrong_boxes_get_the_drivers_codes()
    {
        DriverTable table = SoftwareDriver.Table;
        table.cuCtxPushCurrent_v2(Context.Handle);
        using DeviceBuffer<byte> target = Context.Allocate<byte>(2 * 3 * 16);
        Assert.That(table.cuMemcpy3DAsync_v2(null, _stream.Handle), Is.EqualTo(CudaResult.InvalidValue));
        foreach ((string name, CudaResult result, Change change) in s_changes)
        {
            var copy = new MemoryCopy3D
            {
                SourceKind = MemoryKind.Host,
                SourceHost = _memory,
                SourcePitch = 16,
                SourceHeight = 3,
                TargetKind = MemoryKind.Device,
                TargetDevice = (ulong)target.Handle,
                TargetPitch = 16,
                TargetHeight = 3,
                WidthBytes = 8,
                Height = 3,
                Depth = 2,
            };
            change(ref copy);
            Assert.That(table.cuMemcpy3DAsync_v2(&copy, _stream.Handle), Is.EqualTo(result), name);
            Assert.That(table.cuStreamSynchronize(_stream.Handle), Is.EqualTo(CudaResult.Success), name);
        }
    }

    /// <summary>
    /// Gate and up rows alternate in groups of eight, as the products of a GPU want them: one copy of boxes for each matrix makes that of matrices whose
    /// rows follow each other.
    /// </summary>
    [TestCase(24, 10)]
    [TestCase(64, 128)]
    public void Two_matrices_are_interleaved_in_groups_of_eight_rows(int units, int columns)
    {
        const int Group = 8;
        short[] gate = [.. Enumerable.Range(0, units * columns).Select(i => (short)(i + 1))], up = [.. gate.Select(element => (short)-element)];
        using PinnedBuffer<short> matrices = Context.AllocatePinned<short>(2 * units * columns);
        gate.CopyTo(matrices.Span);
        up.CopyTo(matrices.Span[(units * columns)..]);
        using DeviceBuffer<short> stored = Context.Allocate<short>(2 * units * columns);
        Run(isCaptured: true, () =>
        {
            for (int part = 0; part < 2; part++)
            {
                var source = new StridedLayout(part * units * columns, Group * columns);
                var target = new StridedLayout(part * Group * columns, 2 * Group * columns);
                stored.CopyFromAsync(matrices, new StridedCopy(Group * columns, units / Group, 1, source, target), _stream);
            }
        });
        short[] seen = stored.ToArray();
        for (int row = 0; row < 2 * units; row++)
        {
            int unit = (row / (2 * Group) * Group) + (row % Group);
            short[] matrix = row / Group % 2 == 0 ? gate : up;
            Assert.That(seen[(row * columns)..((row + 1) * columns)], Is.EqualTo(matrix[(unit * columns)..((unit + 1) * columns)]), $"row {row}");
        }
    }

    private void Run(bool isCaptured, Action work)
    {
        if (isCaptured)
        {
            using CudaGraph graph = _stream.Capture(work);
            using ExecutableGraph executable = graph.Instantiate();
            executable.Launch(_stream);
        }
        else
        {
            work();
        }
        _stream.Synchronize();
    }
}
