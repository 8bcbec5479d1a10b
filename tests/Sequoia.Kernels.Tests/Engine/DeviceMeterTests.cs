using Sequoia.Interop;
using Sequoia.Native;
using Sequoia.Native.Backends;
using Sequoia.Native.Backends.Cuda;
using Sequoia.Native.Backends.Streaming;
using Sequoia.Native.Engine;
using Sequoia.SoftwareGpu;

namespace Sequoia.Kernels.Tests.Engine;

/// <summary>Measuring a device that only queues work, and replays it, by a clock whose costs are known.</summary>
[NonParallelizable]
internal sealed class DeviceMeterTests : CudaFixture
{
    private const int Verify = 0, Draft = 1, Target = 2;

    private static readonly LoadOptions Options = new() { Device = "software" };

    private readonly TemporaryFolder _target = new(), _draft = new();
    private readonly HardwareMeterOptions _some = new() { Sizes = [1, 2, 8, 24], Contexts = [100], Budget = TimeSpan.FromMilliseconds(1), Clock = ClockedDriver.Clock };

    [OneTimeSetUp]
    public void WriteModels()
    {
        Write(_target, layers: 3);
        Write(_draft, layers: 1);
        CudaDrivers.Register(ClockedDriver.Driver);

        static void Write(TemporaryFolder folder, int layers)
        {
            RandomModel.Write(folder.Path, new RandomModel.Shape(Vocabulary: 4096, Layers: layers, Context: 256, HeadDim: 32, Type: "BF16"));
            File.Copy(Path.Combine(Repository.Root, "models", "draft", "tokenizer.json"), Path.Combine(folder.Path, "tokenizer.json"));
        }
    }

    [OneTimeTearDown]
    public void RemoveModels()
    {
        _target.Dispose();
        _draft.Dispose();
    }

    [SetUp]
    public void Clear() => ClockedDriver.Clear();

    [Test]
    public void Costs_are_those_of_replays_alone()
    {
        ContextCosts costs = Measure(_some, out HardwareCosts all);
        int[] kernels = ClockedDriver.KernelCounts;
        Assert.That(kernels, Has.Length.EqualTo(3), "verifying, passes of the draft and of the target");
        Assert.That(costs.Target.Points, Is.EqualTo(_some.Sizes.Select(rows => Always(rows, kernels[Target]))));
        Assert.That(costs.Draft.Points, Is.EqualTo(_some.Sizes.Select(rows => Always(rows, kernels[Draft]))));
        Assert.That(costs.Root, Is.EqualTo(Always(1, kernels[Draft])));
        Assert.That(all.VerifySeconds, Is.EqualTo(ClockedDriver.Seconds(kernels[Verify], 1)).Within(1e-12));
    }

    /// <summary>Trees deeper than the device computes would be refused.</summary>
    [Test]
    public void All_sizes_can_be_measured()
    {
        var options = new HardwareMeterOptions { Contexts = [8], Budget = TimeSpan.FromMilliseconds(1), Clock = ClockedDriver.Clock };
        Assert.That(Measure(options, out _).Target.Points.Select(point => point.Rows), Is.EqualTo(options.Sizes));
    }

    /// <summary>The sizes worth measuring are found by the first counted pass of each, which recording must not have made slow.</summary>
    [Test]
    public void Recording_leaves_no_size_out()
    {
        // A size of 24 costs 1.3 times as much as one row, and gives more tokens.
        ContextCosts costs = Measure(_some with { WorthFor = new AcceptanceVector([0.8, 0.1]) }, out _);
        Assert.That(costs.Target.Points, Has.Count.EqualTo(_some.Sizes.Count));
    }

    /// <summary>Nothing has computed the prefix of the caches, and what a device gives may hold anything.</summary>
    [Test]
    public void No_memory_is_read_before_it_is_written()
    {
        var findings = new List<Finding>();
        void Keep(LaunchReport report) => findings.AddRange(report.Findings);
        LaunchOptions before = SoftwareDriver.Options;
        SoftwareDriver.Options = new LaunchOptions { Checks = true };
        SoftwareDriver.Launched += Keep;
        try
        {
            Measure(_some, out _);
        }
        finally
        {
            SoftwareDriver.Launched -= Keep;
            SoftwareDriver.Options = before;
        }
        Assert.That(findings, Is.Empty);
    }

    /// <summary>Logits that are no numbers would be drawn from and verified in no time.</summary>
    [Test]
    public void Damaged_models_are_not_measured()
    {
        using var damaged = new TemporaryFolder();
        foreach (string file in Directory.GetFiles(_draft.Path))
            File.Copy(file, Path.Combine(damaged.Path, Path.GetFileName(file)));
        string weights = Path.Combine(damaged.Path, "model.safetensors");
        byte[] bytes = File.ReadAllBytes(weights);
        // BF16 with all bits set is NaN.
        bytes.AsSpan(^64..).Fill(0xff);
        File.WriteAllBytes(weights, bytes);
        using LanguageModel target = LanguageModel.Load(_target.Path, Options), draft = LanguageModel.Load(damaged.Path, Options);
        Assert.That(
            () => HardwareMeter.Measure(target, draft, _some),
            Throws.InvalidOperationException.With.Message.Contains("the draft's logits are not numbers"));
    }

    /// <summary>The one switch: a device's times decide about trees, or do not.</summary>
    [TestCase("1", true)]
    [TestCase("0", false)]
    [TestCase(null, false)]
    public async Task Auto_is_decided_by_costs_where_times_count(string? counts, bool isMeasured)
    {
        using var cache = new TemporaryFolder();
        string? before = Environment.GetEnvironmentVariable(CudaBackend.TimesVariable);
        File.WriteAllText(Path.Combine(_draft.Path, "acceptance.json"), """{"p": [0.5, 0.1]}""");
        Environment.SetEnvironmentVariable(CudaBackend.TimesVariable, counts);
        try
        {
            LoadOptions options = Options with { CacheFolder = cache.Path };
            using LanguageModel target = LanguageModel.Load(_target.Path, options), draft = LanguageModel.Load(_draft.Path, options);
            using TextGenerator generator = await TextGenerator.CreateAsync(target, draft);
            Assert.That(generator.Plan is not null, Is.EqualTo(isMeasured));
            Assert.That(Directory.GetFiles(cache.Path, "costs-*"), Has.Length.EqualTo(isMeasured ? 1 : 0));
            Assert.That(await generator.GenerateTextAsync("Once", new GenerationOptions { MaxTokens = 3, IgnoreEos = true, Temperature = 0 }), Is.Not.Null);
        }
        finally
        {
            Environment.SetEnvironmentVariable(CudaBackend.TimesVariable, before);
        }
    }

    /// <summary>
    /// Of a streamed target only the first layer is measured, resident, and the tree is chosen for what its steps copy. The larger the tree, the fewer weights stay.
    /// </summary>
    [Test]
    public async Task Auto_is_decided_for_a_streamed_target_by_its_first_layer_and_its_link()
    {
        using var cache = new TemporaryFolder();
        string? before = Environment.GetEnvironmentVariable(CudaBackend.TimesVariable);
        File.WriteAllText(Path.Combine(_draft.Path, "acceptance.json"), """{"p": [0.5, 0.1]}""");
        Environment.SetEnvironmentVariable(CudaBackend.TimesVariable, "1");
        try
        {
            LoadOptions options = Options with { CacheFolder = cache.Path };
            using LanguageModel target = LanguageModel.Load(_target.Path, options with { Stream = StreamMode.All, DeviceMemory = 1_000_000_000 }), draft = LanguageModel.Load(_draft.Path, options);
            Assert.That(target.StreamedSeconds, Is.Positive);
            Assert.That(target.Note, Does.Match(@"stream from host memory each pass: [\d.E-]+ s at [\d.]+ GB/s$"));
            using (ModelLease lease = target.Lease(), other = draft.Lease())
            {
                StreamModel model = lease.Llama.Backend.StreamModelOf(lease.Llama, other.Llama)!;
                PlacementPlan few = model.TryPlan(TokenTree.Root, 100)!, many = model.TryPlan(TokenTree.Chains(100, 10), 100)!;
                Assert.That(few.StreamedBytes, Is.EqualTo(model.WeightBytes));
                Assert.That(many.Needs.Total, Is.GreaterThan(few.Needs.Total + (1000 * 4096 * sizeof(float))));
                Assert.That(model.TryPlan(TokenTree.Chains(1000, 60), 100), Is.Null, "does not fit");
                Llama first = lease.Llama.Backend.LoadFirstLayer(lease.Llama)!;
                Assert.That((first.Layers.Count, first.Backend.Stream), Is.EqualTo((1, (object?)null)));
                first.Backend.Dispose();
            }
            using TextGenerator generator = await TextGenerator.CreateAsync(target, draft);
            Assert.That(generator.Plan, Is.Not.Null);
            Assert.That(await generator.GenerateTextAsync("Once", new GenerationOptions { MaxTokens = 3, IgnoreEos = true, Temperature = 0 }), Is.Not.Null);
        }
        finally
        {
            Environment.SetEnvironmentVariable(CudaBackend.TimesVariable, before);
        }
    }

    private ContextCosts Measure(HardwareMeterOptions options, out HardwareCosts costs)
    {
        using LanguageModel target = LanguageModel.Load(_target.Path, Options), draft = LanguageModel.Load(_draft.Path, Options);
        costs = HardwareMeter.Measure(target, draft, options);
        return costs.Contexts.Single();
    }

    private static CostPoint Always(int rows, int kernels)
    {
        double seconds = ClockedDriver.Seconds(kernels, rows);
        return new CostPoint(rows, seconds, seconds, seconds);
    }
}
