using Sequoia.Native;
using Sequoia.Native.Backends;
using Sequoia.Native.Backends.Cuda;
using Sequoia.Native.Engine;
using Sequoia.Native.Sampling;
using Sequoia.SoftwareGpu;

namespace Sequoia.Kernels.Tests.Engine;

/// <summary>What a step asks of a device's driver, and of the garbage collector.</summary>
[NonParallelizable]
internal sealed class StepTests : CudaFixture
{
    private const int LaunchesPerLayer = 5;

    // Embedding, last norm, logits; verification, compaction, the next step.
    private const int LaunchesBeside = 6;

    private static readonly RandomModel.Shape Shape = new(Vocabulary: 67, Context: 256, HeadDim: 16, Type: "F16");

    [Test]
    public void A_replayed_step_is_one_graph_launch_one_wait_and_no_byte()
    {
        using var pair = new DevicePair(Shape);
        using Decoder decoder = pair.Decoder(TokenTree.Chains(2, 3));
        decoder.Start([1, 2, 3], new SamplingOptions(0.8f), 5, default);
        // Both kinds of step, behind a leaf and not, are recorded.
        for (int warm = 0; warm < 24; warm++)
            decoder.Step();
        StepsOnlyReplay(decoder);
        Assert.That(CountingDriver.CopiesToDevice, Is.Zero);
    }

    /// <summary>Seed and sampling options are in the device's memory.</summary>
    [Test]
    public void Another_request_is_replayed_from_the_first_ones_recordings()
    {
        using var pair = new DevicePair(Shape);
        using Decoder decoder = pair.Decoder(TokenTree.Chains(2, 3)), fresh = pair.Decoder(TokenTree.Chains(2, 3));
        decoder.Start([1, 2, 3], new SamplingOptions(0.8f), 5, default);
        for (int warm = 0; warm < 24; warm++)
            decoder.Step();
        foreach (SamplingOptions sampling in (SamplingOptions[])[new(0), new(0.8f), new(1.3f, 0.9f, 20)])
        {
            decoder.Start([4, 5, 6, 7], sampling, 99, default);
            fresh.Start([4, 5, 6, 7], sampling, 99, default);
            fresh.ForgetRecordings();
            for (int step = 0; step < 8; step++)
            {
                int[] expected = fresh.Step().ToArray();
                CountingDriver.Clear();
                Assert.That(decoder.Step().ToArray(), Is.EqualTo(expected), $"{sampling}, step {step}");
                Assert.That((CountingDriver.Recordings, CountingDriver.GraphLaunches), Is.EqualTo((0, 1)));
            }
        }
    }

    [Test]
    public void A_step_of_three_sequences_is_one_graph_launch_one_wait_and_no_byte()
    {
        using var pair = new DevicePair(Shape);
        using Decoder decoder = pair.Decoder(TokenTree.Chains(2, 3), TokenTree.Chains(1, 2), TokenTree.Root);
        for (int i = 0; i < 3; i++)
            decoder.Start(i, [1, 2, 3 + i], new SamplingOptions(0.8f), (ulong)i, default);
        // With none, one or two sequences that lag.
        for (int warm = 0; warm < 32; warm++)
            decoder.Step();
        StepsOnlyReplay(decoder);
        Assert.That(CountingDriver.CopiesToDevice, Is.LessThanOrEqualTo(16), "which of two sequences lags");
    }

    [Test]
    public void A_step_that_is_recorded_copies_to_the_host_once_and_never_from_it()
    {
        using var pair = new DevicePair(Shape);
        using Decoder decoder = pair.Decoder(TokenTree.Chains(2, 3));
        decoder.Start([1, 2, 3], new SamplingOptions(0.8f), 5, default);
        // Both kinds of step bring their passes to the device.
        for (int warm = 0; warm < 24; warm++)
            decoder.Step();
        decoder.ForgetRecordings();
        CountingDriver.Clear();
        decoder.Step();
        Assert.That((CountingDriver.GraphLaunches, CountingDriver.CopiesToDevice, CountingDriver.Waits, CountingDriver.CopiesToHost), Is.EqualTo((1, 0, 1, 1)));
    }

    /// <summary>Copies of weights are nodes of the same graph: as many as matrices do not stay.</summary>
    [Test]
    public void A_step_of_streamed_weights_is_one_graph_launch_with_its_copies([Values(0, 3)] int residents)
    {
        const long Room = 1L << 40;
        using var pair = new DevicePair(Shape with { Tied = false }, new CudaStreamOptions
        {
            Budget = Room,
            HostBudget = Room,
            Change = plan => plan with { ResidentCount = residents, RingBytes = 2 * plan.Chunks.Largest },
        });
        using Decoder decoder = pair.Decoder(TokenTree.Chains(2, 3));
        decoder.Start([1, 2, 3], new SamplingOptions(0.8f), 5, default);
        for (int warm = 0; warm < 24; warm++)
            decoder.Step();
        StepsOnlyReplay(decoder);
        Assert.That(CountingDriver.CopiesToDevice, Is.Zero);
        decoder.ForgetRecordings();
        CountingDriver.Clear();
        decoder.Step();
        int copies = (4 * 2) + 1 - residents;
        Assert.That(
            (CountingDriver.GraphLaunches, CountingDriver.CopiesToDevice, CountingDriver.Waits, CountingDriver.CopiesToHost), Is.EqualTo((1, copies, 1, 1)));
        // A prompt has no logits, so its passes bring no output projection; its tokens and tables are copied too, for both models.
        CountingDriver.Clear();
        decoder.Start([1, 2, 3], new SamplingOptions(0.8f), 5, default);
        int ofPrompt = CountingDriver.CopiesToDevice;
        using var resident = new DevicePair(Shape with { Tied = false });
        using Decoder other = resident.Decoder(TokenTree.Chains(2, 3));
        CountingDriver.Clear();
        other.Start([1, 2, 3], new SamplingOptions(0.8f), 5, default);
        Assert.That(ofPrompt - CountingDriver.CopiesToDevice, Is.EqualTo(copies - (pair.Stream.Info.Plan.IsResident(8) ? 0 : 1)));
    }

    [Test]
    public void A_layer_takes_few_launches([Values(1, 3)] int layers)
    {
        using var pair = new DevicePair(Shape with { Layers = layers });
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
        using var pair = new DevicePair(Shape);
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
    public void Whole_steps_are_clean_and_say_the_same_in_every_schedule([Values(1, 3)] int sequences)
    {
        using var pair = new DevicePair(Shape with { HeadDim = 32, Heads = 4, KvHeads = 1 });
        int[] prompt = [.. Enumerable.Range(0, 150).Select(i => i * 31 % Shape.Vocabulary)];
        var findings = new List<Finding>();
        var kernels = new HashSet<string>();
        void Keep(LaunchReport report)
        {
            findings.AddRange(report.Findings);
            kernels.Add(report.Profile!.Kernel);
        }
        List<int>? expected = null;
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
                using Decoder decoder = pair.Decoder([.. new[] { TokenTree.Chains(3, 3), TestTrees.Random(4, 12), TokenTree.Root }.Take(sequences)]);
                for (int i = 0; i < sequences; i++)
                    decoder.Start(i, prompt.AsSpan(70 * i), new SamplingOptions(0.7f, 0.95f, 40), 9, default);
                List<int> tokens = [];
                for (int step = 0; step < 5; step++)
                {
                    decoder.Step();
                    foreach (Sequence sequence in decoder.Sequences)
                        tokens.AddRange(sequence.Verdict.Tokens);
                }
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
            ["embed", "matmul", "matmul_add", "matmul_silu_mul", "matmul_rope", "attend", "scale_rows", "draw_children", "verify_tree", "compact_kv", "advance_step"]));
    }

    /// <summary>Sixteen steps: of each one graph launch, one wait, nothing else but what may be brought to the device, and no byte allocated.</summary>
    private static void StepsOnlyReplay(Decoder decoder)
    {
        CountingDriver.Clear();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int step = 0; step < 16; step++)
            decoder.Step();
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before - CountingDriver.AllocatedInside;
        Assert.Multiple(() =>
        {
            Assert.That((CountingDriver.GraphLaunches, CountingDriver.Waits), Is.EqualTo((16, 16)));
            Assert.That((CountingDriver.Launches, CountingDriver.CopiesToHost), Is.EqualTo((0, 0)), "outside of the graph");
            Assert.That(allocated, Is.Zero);
        });
    }
}
