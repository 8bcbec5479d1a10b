using Sequoia.Interop;
using Sequoia.Kernels.Tests.Forward;
using Sequoia.Native;
using Sequoia.Native.Backends;
using Sequoia.Native.Backends.Cuda;
using Sequoia.Native.Backends.Streaming;
using Sequoia.Native.Engine;
using Sequoia.Native.Sampling;
using Sequoia.SoftwareGpu;

namespace Sequoia.Kernels.Tests.Engine;

/// <summary>
/// A model whose weights are streamed to the device gives the bits of one that stays there, wherever its weights are and in whatever order copies and kernels run;
/// no wait can be left out.
/// </summary>
[NonParallelizable]
internal sealed class StreamedWeightTests : CudaFixture
{
    private const long Room = 1L << 40;

    // Matrices of one and of several bands of rows, so that places in the ring overlap in many ways.
    private static readonly RandomModel.Shape Shape = new(Vocabulary: 197, Context: 256, HeadDim: 16, Tied: false, Type: "F16");

    private readonly List<Finding> _findings = [];
    private int _residents;
    private long _ringChunks = 2;

    private static IEnumerable<LaunchOptions> Orders(int seeds) =>
    [
        new() { Checks = true },
        new() { Checks = true, StreamOrder = StreamOrder.EarlyCopies },
        new() { Checks = true, StreamOrder = StreamOrder.LateCopies },
        .. Enumerable.Range(1, seeds).Select(seed => new LaunchOptions { Checks = true, StreamOrder = StreamOrder.Random, Seed = (ulong)seed }),
    ];

    /// <summary>As many matrices stay as a test says, and the ring has as many of the largest.</summary>
    private CudaStreamOptions Options => new()
    {
        Budget = Room,
        HostBudget = Room,
        Change = plan => plan with { ResidentCount = _residents, RingBytes = _residents == plan.Chunks.Count ? 0 : _ringChunks * plan.Chunks.Largest },
    };

    [SetUp]
    public void Watch()
    {
        (_residents, _ringChunks) = (0, 2);
        _findings.Clear();
        SoftwareDriver.Launched += Keep;
    }

    [TearDown]
    public void EndWatch()
    {
        SoftwareDriver.Launched -= Keep;
        SoftwareDriver.Options = new LaunchOptions();
        SoftwareDriver.ComputeCapability = new Version(8, 0);
        (CountingDriver.OmittedWait, CountingDriver.PinsMemory) = (-1, true);
    }

    /// <summary>Every number of resident matrices, with the smallest ring and larger ones; weights move between them.</summary>
    [Test]
    public void Logits_do_not_depend_on_where_weights_are([Values("F16", "BF16", "F32")] string type, [Values("8.0", "9.0")] string capability, [Values] bool tied)
    {
        SoftwareDriver.ComputeCapability = Version.Parse(capability);
        using var folder = new TemporaryFolder();
        RandomModel.Write(folder.Path, Shape with { Type = type, Tied = tied, HeadDim = 32 });
        using var resident = new DeviceModel(folder.Path);
        int[] tokens = ForwardPasses.Tokens(resident.Llama, 24);
        int[][] expected = ForwardPasses.Chain(resident.Llama, tokens, 9);
        using var streamed = new DeviceModel(folder.Path, streaming: Options);
        int matrices = streamed.Stream.Info.Plan.Chunks.Count;
        Assert.That(matrices, Is.EqualTo(tied ? 8 : 9));
        SoftwareDriver.Options = new LaunchOptions { Checks = true };
        int[] counts = [.. Enumerable.Range(0, matrices + 1), 0, matrices, 3];
        foreach (int count in counts)
        {
            (_residents, _ringChunks) = (count, 1 + (count % 3));
            using IDisposable _ = streamed.Stream.Reserve(default);
            Assert.That(streamed.Stream.Info.Plan.StreamedBytes == 0, Is.EqualTo(count == matrices));
            Assert.That(ForwardPasses.Chain(streamed.Llama, tokens, 9), Is.EqualTo(expected), $"{count} of {matrices} stay");
        }
        Assert.That(_findings, Is.Empty);
    }

    /// <summary>Whole texts, prompt and steps, recorded and replayed.</summary>
    [Test]
    public void Steps_say_the_same_in_every_order([Values("8.0", "9.0")] string capability, [Values(0, 4)] int residents, [Values(1, 2, 5)] int ringChunks)
    {
        SoftwareDriver.ComputeCapability = Version.Parse(capability);
        (_residents, _ringChunks) = (residents, ringChunks);
        using DevicePair plain = new(Shape), pair = new(Shape, Options);
        int[] expected = Text(plain);
        foreach (LaunchOptions order in Orders(seeds: 12))
        {
            SoftwareDriver.Options = order;
            Assert.That(Text(pair), Is.EqualTo(expected), $"{order.StreamOrder}, seed {order.Seed}");
            Assert.That(_findings, Is.Empty, $"{order.StreamOrder}, seed {order.Seed}");
        }
    }

    /// <summary>What the target's copies wait for in a step, and its products: the fork, each copy's product, each product's copy; the last of these joins.</summary>
    [Test]
    public void A_wait_of_a_step_that_is_missing_is_found_in_every_order([Values(1, 2, 3)] int ringChunks)
    {
        _ringChunks = ringChunks;
        using DevicePair pair = new(Shape, Options);
        using Decoder decoder = pair.Decoder(TokenTree.Chains(2, 2));
        decoder.Start([1, 2, 3], new SamplingOptions(0), 5, default);
        decoder.Step();
        decoder.ForgetRecordings();
        CountingDriver.Clear();
        decoder.Step();
        // The last one is that of the launch.
        int waits = CountingDriver.StreamWaits - 1, unjoined = 0;
        Assert.That(waits, Is.GreaterThan(9 + 1));
        foreach (LaunchOptions order in Orders(seeds: 3))
        {
            for (int omitted = 0; omitted < waits; omitted++)
            {
                string where = $"wait {omitted}: {order.StreamOrder}, seed {order.Seed}";
                SoftwareDriver.Options = order;
                decoder.Start([1, 2, 3], new SamplingOptions(0), 5, default);
                decoder.ForgetRecordings();
                Assert.That(_findings, Is.Empty, where);
                CountingDriver.Clear();
                CountingDriver.OmittedWait = omitted;
                try
                {
                    decoder.Step();
                    Assert.That(_findings.Select(finding => finding.Kind), Has.Some.EqualTo(FindingKind.StreamRace), where);
                }
                catch (CudaException e) when (e.Code is CudaResult.StreamCaptureUnjoined or CudaResult.StreamCaptureIsolation)
                {
                    unjoined++;
                }
                CountingDriver.OmittedWait = -1;
                pair.Target.Backend.Wait(pair.Target.Backend.CreateQueue());
                _findings.Clear();
            }
        }
        // The fork and the join.
        Assert.That(unjoined, Is.EqualTo(2 * Orders(seeds: 3).Count()));
    }

    /// <summary>Copies of a pass must not come before the products of another queue's pass have ended, whether either is replayed; without the one wait for that, they do.</summary>
    [Test]
    public void Passes_of_several_queues_take_turns_on_the_device([Values] bool isFirstReplayed, [Values] bool isSecondReplayed, [Values] bool omitsWait)
    {
        using DevicePair pair = new(Shape, Options);
        using var first = new Turn(pair.Target, isFirstReplayed);
        using var second = new Turn(pair.Target, isSecondReplayed);
        foreach (LaunchOptions order in Orders(seeds: 3))
        {
            SoftwareDriver.Options = order;
            first.Run();
            CountingDriver.Clear();
            CountingDriver.OmittedWait = omitsWait ? 0 : -1;
            second.Run();
            CountingDriver.OmittedWait = -1;
            first.Wait();
            second.Wait();
            Assert.That(_findings.Any(finding => finding.Kind == FindingKind.StreamRace), Is.EqualTo(omitsWait), $"{order.StreamOrder}, seed {order.Seed}");
            _findings.Clear();
        }
    }

    /// <summary>A decoder takes memory from what stays, and gives it back to the next one. Recordings with old addresses are not replayed.</summary>
    [Test]
    public void A_decoder_makes_room_for_itself_and_others_go_on()
    {
        using DevicePair plain = new(Shape);
        int[] expected = Text(plain);
        using DevicePair sized = new(Shape, new CudaStreamOptions { Budget = Room, HostBudget = Room });
        PlacementPlan all = sized.Stream.Info.Plan;
        Assert.That(all.StreamedBytes, Is.Zero);
        long ofDecoder;
        using (sized.Decoder(TokenTree.Chains(2, 2)))
            ofDecoder = sized.Stream.Info.Plan.Needs.Total - all.Needs.Total;
        // All matrices but a few fit beside one decoder.
        using DevicePair pair = new(Shape, new CudaStreamOptions { Budget = all.TotalBytes + ofDecoder + (all.Chunks.Largest / 2) + ofDecoder - all.Chunks.Largest, HostBudget = Room });
        using Decoder first = pair.Decoder(TokenTree.Chains(2, 2));
        Assert.That(pair.Stream.Info.Plan.StreamedBytes, Is.Zero);
        Begin(first);
        List<int> tokens = [.. first.Step()];
        tokens.AddRange(first.Step());
        using (Decoder second = pair.Decoder(TokenTree.Chains(2, 2)))
        {
            Assert.That(pair.Stream.Info.Plan.StreamedBytes, Is.Positive);
            tokens.AddRange(first.Step());
            Begin(second);
            List<int> others = [];
            for (int step = 0; step < 4; step++)
                others.AddRange(second.Step());
            Assert.That(others, Is.EqualTo(expected));
            InvalidInputException refused = Assert.Throws<InvalidInputException>(() => new Decoder(pair.Target, pair.Draft, TokenTree.Chains(40, 5), 200).Dispose())!;
            Assert.That(refused.Message, Does.StartWith("gpu-memory: ").And.Contain(" are too few, in GB: ").And.Contain("; allow ").And.EndsWith(", or use a smaller tree, draft or context"));
        }
        tokens.AddRange(first.Step());
        Assert.That(tokens, Is.EqualTo(expected));
    }

    /// <summary>What plans say that a decoder needs is what it allocates; weights move from the host's memory to the device's.</summary>
    [TestCase(48, 16, "1x1", 100)]
    [TestCase(64, 32, "3x3", 200)]
    [TestCase(256, 32, "8x6", 900)]
    [TestCase(128, 64, "300x2", 300)]
    public void A_plan_counts_what_a_decoder_allocates(int hidden, int headDim, string tree, int context)
    {
        int[] chains = [.. tree.Split('x').Select(int.Parse)];
        var shape = new RandomModel.Shape(Vocabulary: 3000, Hidden: hidden, Layers: 2, Heads: 8, KvHeads: 2, HeadDim: headDim, Intermediate: 3 * hidden, Context: 1024, Tied: false, Type: "F16");
        using DevicePair pair = new(shape, new CudaStreamOptions { Budget = Room, HostBudget = Room });
        long before = Allocated(), needed = pair.Stream.Info.Plan.Needs.Total;
        using var decoder = new Decoder(pair.Target, pair.Draft, TokenTree.Chains(chains[0], chains[1]), context);
        long more = Allocated() - before;
        MemoryNeeds needs = pair.Stream.Info.Plan.Needs;
        Assert.That(needs.Draft, Is.GreaterThan(2L * 3000 * hidden * sizeof(ushort)));
        needed = needs.Total - needs.Draft - needed;
        Assert.That(more, Is.LessThanOrEqualTo(needed).And.GreaterThan((needed * 0.8) - (1 << 20)));

        static long Allocated() => SoftwareDriver.LiveAllocations.Sum(one => (long)one.Bytes);
    }

    /// <summary>Memory is registered in pieces, and used as it is where that is refused.</summary>
    [Test]
    public void Memory_that_cannot_be_pinned_works_and_is_noted([Values] bool isPinned, [Values(1 << 30, 16 << 10, 5000)] int pieceBytes)
    {
        using DevicePair plain = new(Shape);
        int[] expected = Text(plain);
        CountingDriver.PinsMemory = isPinned;
        CountingDriver.Clear();
        using DevicePair pair = new(Shape, Options with { PieceBytes = pieceBytes });
        Assert.That(CountingDriver.Registrations, pieceBytes > 1 << 20 || !isPinned ? Is.EqualTo(9) : Is.GreaterThan(9));
        PlacementPlan plan = pair.Stream.Info.Plan;
        Assert.That(pair.Target.Backend.Stream!.Note, isPinned
            ? Is.EqualTo($"0 MB of {MemoryBudget.Text(plan.Chunks.Bytes)} of weights stay on the device, {MemoryBudget.Text(plan.Chunks.Bytes)} stream from host memory each pass")
            : Does.EndWith($"({MemoryBudget.Text(plan.Chunks.Bytes)} of host memory could not be pinned: their copies are several times slower, and nothing runs beside them)"));
        Assert.That(Text(pair), Is.EqualTo(expected));
    }

    /// <summary>A kernel reads weights before it waits for earlier kernels, so it must not start before their copy has ended.</summary>
    [Test]
    public void Only_products_of_streamed_weights_do_not_start_early()
    {
        SoftwareDriver.ComputeCapability = new Version(9, 0);
        using var folder = new TemporaryFolder();
        RandomModel.Write(folder.Path, Shape with { HeadDim = 32 });
        _residents = 4;
        using var model = new DeviceModel(folder.Path, streaming: Options);
        List<KernelProfile> launches = [];
        void Count(LaunchReport report) => launches.Add(report.Profile!);
        SoftwareDriver.Options = new LaunchOptions { Counters = true };
        SoftwareDriver.Launched += Count;
        try
        {
            ForwardPasses.Chain(model.Llama, [1, 2, 3], 3);
        }
        finally
        {
            SoftwareDriver.Launched -= Count;
        }
        // An embedding, two layers of five kernels, logits.
        Assert.That(launches, Has.Count.EqualTo(1 + (2 * 5) + 1));
        Assert.That(launches.Count(launch => !launch.IsDependent), Is.EqualTo(9 - 4));
        Assert.That(launches.Where(launch => !launch.IsDependent).Select(launch => launch.Kernel), Is.All.StartsWith("matmul"));
    }

    [Test]
    public void Host_memory_that_is_too_small_is_refused_before_it_is_taken()
    {
        InvalidInputException refused = Assert.Throws<InvalidInputException>(() => new DevicePair(Shape, Options with { HostBudget = 100_000 }).Dispose())!;
        Assert.That(refused.Message, Does.Match(@"^gpu-memory: weights that do not fit the GPU need 0\.\d+ MB of the host's memory while they are loaded, and 0\.1 MB can be had; "));
    }

    /// <summary>The draft's passes then use the same ring, so nothing is prefetched beside them.</summary>
    [Test]
    public void A_model_can_be_its_own_draft()
    {
        using DevicePair plain = new(Shape), pair = new(Shape, Options);
        foreach (LaunchOptions order in Orders(seeds: 3))
        {
            SoftwareDriver.Options = order;
            Assert.That(Text(pair.Target, pair.Target), Is.EqualTo(Text(plain.Target, plain.Target)), $"{order.StreamOrder}, seed {order.Seed}");
            Assert.That(_findings, Is.Empty, $"{order.StreamOrder}, seed {order.Seed}");
        }
    }

    private static int[] Text(DevicePair pair) => Text(pair.Target, pair.Draft);

    private static int[] Text(Llama target, Llama draft)
    {
        using var decoder = new Decoder(target, draft, TokenTree.Chains(2, 2), 200);
        Begin(decoder);
        List<int> tokens = [];
        for (int step = 0; step < 4; step++)
            tokens.AddRange(decoder.Step());
        return [.. tokens];
    }

    private static void Begin(Decoder decoder) => decoder.Start([1, 2, 3, 4, 5, 6, 7], new SamplingOptions(0.8f), 5, default);

    private void Keep(LaunchReport report) => _findings.AddRange(report.Findings);

    /// <summary>A pass over a tree in a queue of its own, which only queues work.</summary>
    private sealed class Turn : IDisposable
    {
        private readonly ForwardPasses _passes;
        private readonly Pass _pass;
        private readonly Recording? _recording;

        public Turn(Llama model, bool isReplayed)
        {
            _passes = new ForwardPasses(model);
            Sequence sequence = _passes.Begin(TokenTree.Chains(2, 2));
            _passes.Place(sequence, [], [], new Random(1));
            _pass = _passes.RunTrees(sequence);
            Wait();
            if (!isReplayed)
                return;
            _recording = new Recording();
            Run();
            Wait();
        }

        public void Run()
        {
            if (_recording is null)
                _passes.Forward.Run(_passes.Queue, _pass);
            else
                _passes.Model.Backend.Repeat(_passes.Queue, _recording, () => _passes.Forward.Run(_passes.Queue, _pass));
        }

        public void Wait() => _passes.Model.Backend.Wait(_passes.Queue);

        public void Dispose()
        {
            _recording?.Forget();
            _passes.Dispose();
        }
    }
}
