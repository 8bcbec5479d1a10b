using Sequoia.Interop;
using Sequoia.Kernels.Tests.Forward;
using Sequoia.Native;
using Sequoia.Native.Backends.Cuda;
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

    private static int[] Text(DevicePair pair)
    {
        using Decoder decoder = pair.Decoder(TokenTree.Chains(2, 2));
        decoder.Start([1, 2, 3, 4, 5, 6, 7], new SamplingOptions(0.8f), 5, default);
        List<int> tokens = [];
        for (int step = 0; step < 4; step++)
            tokens.AddRange(decoder.Step());
        return [.. tokens];
    }

    private void Keep(LaunchReport report) => _findings.AddRange(report.Findings);
}
