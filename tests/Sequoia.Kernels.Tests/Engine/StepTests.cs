using Sequoia.Kernels.Tests.Forward;
using Sequoia.Native;
using Sequoia.Native.Generation;
using Sequoia.Native.Sampling;
using Sequoia.SoftwareGpu;

namespace Sequoia.Kernels.Tests.Engine;

/// <summary>What a step asks of a device's driver, and of the garbage collector.</summary>
[NonParallelizable]
internal sealed class StepTests : CudaFixture
{
    private const int LaunchesPerLayer = 12;

    // Embedding, last norm, logits; verification, compaction, the next step.
    private const int LaunchesBeside = 6;

    private static readonly RandomModel.Shape Shape = new(Vocabulary: 67, Context: 256, HeadDim: 16, Type: "F16");

    [Test]
    public void A_replayed_step_is_one_graph_launch_one_wait_and_no_byte()
    {
        using var pair = new Pair(Shape);
        using Decoder decoder = pair.Decoder(TokenTree.Chains(2, 3));
        decoder.Start([1, 2, 3], new SamplingOptions(0.8f), 5, default);
        // Both kinds of step, behind a leaf and not, are done once and then recorded.
        for (int warm = 0; warm < 24; warm++)
            decoder.Step();
        CountingDriver.Clear();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int step = 0; step < 16; step++)
            decoder.Step();
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before - CountingDriver.AllocatedInside;
        Assert.Multiple(() =>
        {
            Assert.That((CountingDriver.GraphLaunches, CountingDriver.Waits), Is.EqualTo((16, 16)));
            Assert.That((CountingDriver.Launches, CountingDriver.CopiesToDevice, CountingDriver.CopiesToHost), Is.EqualTo((0, 0, 0)), "outside of the graph");
            Assert.That(allocated, Is.Zero);
        });
    }

    [Test]
    public void A_step_without_a_graph_copies_to_the_host_once_and_never_from_it()
    {
        using var pair = new Pair(Shape);
        using Decoder decoder = pair.Decoder(TokenTree.Chains(2, 3));
        decoder.Start([1, 2, 3], new SamplingOptions(0.8f), 5, default);
        // Both kinds of step bring their shapes to the device.
        for (int warm = 0; warm < 24; warm++)
            decoder.Step();
        decoder.ForgetRecordings();
        CountingDriver.Clear();
        decoder.Step();
        Assert.That((CountingDriver.GraphLaunches, CountingDriver.CopiesToDevice, CountingDriver.Waits, CountingDriver.CopiesToHost), Is.EqualTo((0, 0, 1, 1)));
    }

    [Test]
    public void A_layer_takes_few_launches([Values(1, 3)] int layers)
    {
        using var pair = new Pair(Shape with { Layers = layers });
        using Decoder decoder = pair.Decoder(TokenTree.Root);
        decoder.Start([1, 2, 3], new SamplingOptions(0), 5, default);
        CountingDriver.Clear();
        decoder.Step();
        Assert.That((CountingDriver.Launches - LaunchesBeside) / (double)layers, Is.InRange(1, LaunchesPerLayer));
    }

    /// <summary>The recorded step must see what changes between steps: compared with one that begins anew at every token.</summary>
    [TestCase(0f)]
    [TestCase(0.9f)]
    public void Replayed_steps_say_what_steps_without_graphs_say(float temperature)
    {
        using var pair = new Pair(Shape);
        TokenTree tree = TokenTree.Chains(2, 3);
        var sampling = new SamplingOptions(temperature);
        using Decoder replaying = pair.Decoder(tree), plain = pair.Decoder(tree);
        replaying.Start([1, 2, 3], sampling, 5, default);
        plain.Start([1, 2, 3], sampling, 5, default);
        for (int step = 0; step < 24; step++)
        {
            // Never recorded: every step counts as the first of its kind.
            plain.ForgetRecordings();
            Assert.That(replaying.Step().ToArray(), Is.EqualTo(plain.Step().ToArray()), $"step {step}");
        }
    }

    /// <summary>A prompt long enough for sealed keys, then whole steps: all that the engine launches, with all checks.</summary>
    [Test]
    public void Whole_steps_are_clean_and_say_the_same_in_every_schedule()
    {
        using var pair = new Pair(Shape with { HeadDim = 32, Heads = 4, KvHeads = 1 });
        int[] prompt = [.. Enumerable.Range(0, 150).Select(i => i * 31 % Shape.Vocabulary)];
        var findings = new List<Finding>();
        var kernels = new HashSet<string>();
        void Keep(LaunchReport report)
        {
            findings.AddRange(report.Findings);
            kernels.Add(report.Profile!.Kernel);
        }
        int[]? expected = null;
        SoftwareDriver.Launched += Keep;
        try
        {
            foreach (LaunchOptions options in (LaunchOptions[])
            [
                new() { Checks = true, Counters = true },
                new() { Checks = true, Counters = true, Schedule = Schedule.Random, Seed = 1 },
                new() { Checks = true, Counters = true, Schedule = Schedule.Adversarial, Seed = 2 },
            ])
            {
                SoftwareDriver.Options = options;
                using Decoder decoder = pair.Decoder(TokenTree.Chains(3, 3));
                decoder.Start(prompt, new SamplingOptions(0.7f, 0.95f, 40), 9, default);
                int[] tokens = [.. Enumerable.Range(0, 5).SelectMany(_ => decoder.Step().ToArray())];
                expected ??= tokens;
                Assert.That(tokens, Is.EqualTo(expected), $"{options.Schedule}");
            }
        }
        finally
        {
            SoftwareDriver.Launched -= Keep;
            SoftwareDriver.Options = new LaunchOptions();
        }
        Assert.That(findings, Is.Empty);
        Assert.That(kernels, Is.SupersetOf((string[])
            ["embed", "rms_norm", "matmul", "matmul_add", "matmul_silu_mul", "matmul_rope", "attend_sealed", "attend", "draw_children", "verify_tree", "compact_kv", "advance_step"]));
    }

    /// <summary>A target and a draft on the counted device.</summary>
    private sealed class Pair : IDisposable
    {
        private readonly TemporaryFolder _folder = new();
        private readonly DeviceModel _target, _draft;

        public Pair(RandomModel.Shape shape)
        {
            RandomModel.Write(_folder.Path, shape);
            _target = new DeviceModel(_folder.Path, CountingDriver.Driver);
            _draft = new DeviceModel(_folder.Path, CountingDriver.Driver);
        }

        public Decoder Decoder(TokenTree tree) => new(_target.Llama, tree.Size > 1 ? _draft.Llama : null, tree, 200);

        public void Dispose()
        {
            _draft.Dispose();
            _target.Dispose();
            _folder.Dispose();
        }
    }
}
