using System.Runtime.CompilerServices;
using Sequoia.Interop;
using Sequoia.Native;
using Sequoia.SoftwareGpu;

namespace Sequoia.Kernels.Tests.Engine;

/// <summary>Memory on a device goes with the last that uses it, whether it was disposed of, forgotten, or never finished loading.</summary>
[TestFixture(StreamMode.Auto)]
[TestFixture(StreamMode.All)]
[NonParallelizable]
internal sealed class DeviceLifetimeTests(StreamMode mode) : CudaFixture
{
    private readonly LoadOptions _options = new() { Device = "software", Stream = mode };

    private static string Folder => Path.Combine(Repository.Root, "models", "draft");

    [SetUp]
    public void Register() => CudaDrivers.Register(SoftwareDriver.Driver);

    [Test]
    public async Task Models_may_be_disposed_of_before_the_text_is_read([Values] bool fromLoop)
    {
        int before = SoftwareDriver.LiveAllocations.Count;
        LanguageModel target = LanguageModel.Load(Folder, _options), draft = LanguageModel.Load(Folder, _options with { Stream = StreamMode.Never });
        var generator = new TextGenerator(target, draft, TreePolicy.Chain(1));
        GenerationStats? stats = null;
        int chunks = 0;
        await foreach (GenerationChunk chunk in generator.GenerateAsync("Once", new GenerationOptions { MaxTokens = 200, IgnoreEos = true }))
        {
            stats = chunk.Stats;
            if (chunks++ != 1)
                continue;
            target.Dispose();
            draft.Dispose();
            if (fromLoop)
                generator.Dispose();
            else
                await Task.Run(generator.Dispose);
        }
        Assert.That(stats!.FinishReason, Is.EqualTo(FinishReason.Cancelled));
        Assert.That(SoftwareDriver.LiveAllocations, Has.Count.EqualTo(before));
    }

    [Test]
    public void What_is_forgotten_is_collected()
    {
        int before = SoftwareDriver.LiveAllocations.Count;
        for (int i = 0; i < 5; i++)
            Forget();
        Assert.That(LiveAfterCollection, Is.EqualTo(before).After(600_000, 10));

        static int LiveAfterCollection()
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            return SoftwareDriver.LiveAllocations.Count;
        }
    }

    [Test]
    public async Task Loading_that_is_cancelled_leaves_nothing()
    {
        int before = SoftwareDriver.LiveAllocations.Count;
        var shares = new List<double>();
        (await LanguageModel.LoadAsync(Folder, _options, new Reports(shares.Add))).Dispose();
        Assert.That(SoftwareDriver.LiveAllocations, Has.Count.EqualTo(before));
        for (int at = 0; at < shares.Count - 1; at++)
        {
            using var cancellation = new CancellationTokenSource();
            var cancel = new Reports(share =>
            {
                if (share >= shares[at])
                    cancellation.Cancel();
            });
            Assert.That(async () => await LanguageModel.LoadAsync(Folder, _options, cancel, cancellation.Token), Throws.InstanceOf<OperationCanceledException>());
            Assert.That(SoftwareDriver.LiveAllocations, Has.Count.EqualTo(before), $"at {shares[at]:P0}");
        }
    }

    // A frame of its own, which refers to nothing once it has returned.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Forget()
    {
        LanguageModel target = LanguageModel.Load(Folder, _options);
        foreach (GenerationChunk _ in new TextGenerator(target, target, TreePolicy.Chain(1)).GenerateAsync("", new GenerationOptions { MaxTokens = 4 }).ToBlockingEnumerable())
            continue;
    }

    private sealed class Reports(Action<double> report) : IProgress<double>
    {
        public void Report(double value) => report(value);
    }
}
