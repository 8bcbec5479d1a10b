namespace Sequoia.Interop.Tests.Device;

/// <summary>Real kernels on a real driver, from the source to the result. Each test is run on every kind of device.</summary>
[TestFixtureSource(typeof(KernelDevices), nameof(KernelDevices.Names))]
internal sealed class KernelTests(string name)
{
    private const string Source = """
        __constant__ float offsets[2];
        template <typename T> __global__ void scale(T* x, int n, T factor) {
            int i = blockIdx.x * blockDim.x + threadIdx.x;
            if (i < n) x[i] = x[i] * factor;
        }
        extern "C" __global__ void shift(float* x) { x[threadIdx.x] += offsets[threadIdx.x & 1]; }
        extern "C" __global__ void reverse(int* x) {
            extern __shared__ int kept[];
            kept[threadIdx.x] = x[threadIdx.x];
            if (threadIdx.x == 0) kept[16 * 1024] = 1;
            __syncthreads();
            x[threadIdx.x] = kept[blockDim.x - 1 - threadIdx.x];
        }
        """;

    private CudaContext _gpu = null!;
    private CudaModule _module = null!;

    [SetUp]
    public void Open()
    {
        CudaDevice device = KernelDevices.First(name);
        CudaCompiler compiler = NeededLibraries.Compiler();
        _gpu = CudaContext.Primary(device);
        _module = _gpu.Compile(compiler, Source, new() { Kernels = ["scale<float>", "scale<double>"] });
    }

    [TearDown]
    public void Close()
    {
        _module?.Dispose();
        _gpu?.Dispose();
    }

    [Test]
    public void A_kernel_computes()
    {
        using DeviceBuffer<double> x = _gpu.Upload<double>([.. Enumerable.Range(0, 1000)]);
        _module["scale<double>"].Launch(8, 128, x, 999, 0.5);
        Assert.That(x.ToArray(), Is.EqualTo(Enumerable.Range(0, 1000).Select(i => i < 999 ? i * 0.5 : i)));
    }

    /// <summary>Each thread records and replays in its own stream, while the other does; a copy without a stream sees what the stream did.</summary>
    [Test]
    public void A_threads_own_stream_is_captured_by_itself()
    {
        using CudaStream own = CudaStream.OfThread(_gpu);
        CudaKernel scale = _module["scale<float>"];
        using DeviceBuffer<float> a = _gpu.Upload<float>([1, 2, 3]), b = _gpu.Upload<float>([1, 2, 3]);
        void Work(DeviceBuffer<float> x, float factor)
        {
            using CudaGraph graph = own.Capture(() => scale.Launch(1, 32, 0, own, x, 3, factor));
            using ExecutableGraph replay = graph.Instantiate();
            for (int i = 0; i < 8; i++)
                replay.Launch(own);
            scale.Launch(1, 32, 0, own, x, 3, 10f);
            own.Synchronize();
        }
        var other = new Thread(() => Work(b, 3));
        other.Start();
        Work(a, 2);
        other.Join();
        Assert.That(a.ToArray(), Is.EqualTo([2560f, 5120f, 7680f]));
        Assert.That(b.ToArray(), Is.EqualTo([65610f, 131220f, 196830f]));
    }

    [Test]
    public void Streams_events_and_pinned_memory_work_together()
    {
        using CudaStream first = _gpu.CreateStream(nonBlocking: true), second = _gpu.CreateStream(nonBlocking: true);
        using CudaEvent start = _gpu.CreateEvent(), end = _gpu.CreateEvent();
        using PinnedBuffer<float> pinned = _gpu.AllocatePinned<float>(1 << 16);
        using DeviceBuffer<float> x = _gpu.Allocate<float>(1 << 16);
        pinned.Span.Fill(3);
        start.Record(first);
        x.CopyFromAsync(pinned, first);
        _module["scale<float>"].Launch(256, 256, 0, first, x, 1 << 16, 2f);
        end.Record(first);
        second.Wait(end);
        x.CopyToAsync(pinned, second);
        second.Synchronize();
        Assert.That(pinned.Span.ToArray(), Is.All.EqualTo(6f));
        Assert.That(end.HasHappened);
        Assert.That(CudaEvent.Elapsed(start, end), Is.GreaterThan(TimeSpan.Zero));
    }

    [Test]
    public void A_graph_repeats_its_work_and_takes_new_parameters()
    {
        using CudaStream stream = _gpu.CreateStream();
        using DeviceBuffer<float> x = _gpu.Upload<float>([1, 2]);
        CudaKernel scale = _module["scale<float>"];
        using CudaGraph twice = stream.Capture(() => scale.Launch(1, 32, 0, stream, x, 2, 2f));
        using CudaGraph thrice = stream.Capture(() => scale.Launch(1, 32, 0, stream, x, 2, 3f));
        Assert.That(twice.NodeCount, Is.EqualTo(1));
        using ExecutableGraph graph = twice.Instantiate();
        graph.Launch(stream);
        graph.Launch(stream);
        Assert.That(graph.Update(thrice), Is.EqualTo(GraphUpdateOutcome.Updated));
        graph.Launch(stream);
        float[] result = new float[2];
        x.CopyTo(result, stream: stream);
        Assert.That(result, Is.EqualTo(new[] { 12f, 24f }));
    }

    [Test]
    public void A_constant_is_a_buffer_of_the_module()
    {
        using DeviceBuffer<float> offsets = _module.Global<float>("offsets"), x = _gpu.Upload<float>([0, 0, 10, 10]);
        Assert.That(offsets.Length, Is.EqualTo(2));
        offsets.CopyFrom([1, 2]);
        _module["shift"].Launch(1, 4, x);
        Assert.That(x.ToArray(), Is.EqualTo(new[] { 1f, 2f, 11f, 12f }));
    }

    [Test]
    public void More_than_48_KiB_of_shared_memory_must_be_asked_for()
    {
        const int Bytes = (16 * 1024 * sizeof(int)) + sizeof(int);
        using DeviceBuffer<int> x = _gpu.Upload<int>([1, 2, 3, 4]);
        CudaKernel reverse = _module["reverse"];
        Assert.That(() => reverse.Launch(1, 4, Bytes, null, x), Throws.TypeOf<CudaException>().With.Message.Contains("set MaxDynamicSharedBytes first"));
        reverse.MaxDynamicSharedBytes = Bytes;
        reverse.Launch(1, 4, Bytes, null, x);
        Assert.That(x.ToArray(), Is.EqualTo(new[] { 4, 3, 2, 1 }));
    }

    [Test]
    public void A_kernels_properties_are_known()
    {
        CudaKernel scale = _module["scale<float>"];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(scale.Registers, Is.Positive);
            Assert.That(scale.MaxThreadsPerBlock, Is.InRange(32, 1024));
            Assert.That(scale.BlocksPerMultiprocessor(256), Is.Positive);
            Assert.That(scale.ParameterBytes, Is.Null.Or.EqualTo(new[] { 8, 4, 4 }));
            Assert.That(() => _module["nobody"], Throws.TypeOf<CudaException>().With.Property("Code").EqualTo(CudaResult.NotFound));
        }
    }

    [Test]
    public void A_block_too_large_is_refused_with_its_limit() => Assert.That(
        () => _module["shift"].Launch(1, 2048, _gpu.Allocate<float>(2048)),
        Throws.TypeOf<CudaException>().With.Message.Contains("a block has 2048 threads and this kernel allows"));
}
