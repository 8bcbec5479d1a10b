using Sequoia.Interop;
using Sequoia.Native;
using Sequoia.SoftwareGpu;

namespace Sequoia.Kernels.Tests.Engine;

/// <summary>Devices that are too small, too old, or full: one clear line, and nothing left behind.</summary>
[NonParallelizable]
internal sealed class ShortageTests : CudaFixture
{
    private static readonly LoadOptions Options = new() { Device = "software" };

    private readonly TemporaryFolder _folder = new();

    [OneTimeSetUp]
    public void WriteModel()
    {
        RandomModel.Write(_folder.Path, new RandomModel.Shape(Vocabulary: 4096, Layers: 1, Context: 256, HeadDim: 16));
        File.Copy(Path.Combine(Repository.Root, "models", "draft", "tokenizer.json"), Path.Combine(_folder.Path, "tokenizer.json"));
    }

    [OneTimeTearDown]
    public void RemoveModel() => _folder.Dispose();

    [SetUp]
    public void Register() => CudaDrivers.Register(CountingDriver.Driver);

    [TearDown]
    public void Restore() => (CountingDriver.AllocationsLeft, CountingDriver.FreeBytes) = (int.MaxValue, null);

    [Test]
    public void A_model_that_does_not_fit_is_refused_before_anything_is_loaded()
    {
        CountingDriver.FreeBytes = 1000;
        int before = SoftwareDriver.LiveAllocations.Count;
        DeviceMemoryException refused = Assert.Throws<DeviceMemoryException>(() => LanguageModel.Load(_folder.Path, Options).Dispose())!;
        Assert.That(refused.Message, Does.Match(@"^device: software \(.*\): the model needs \d+ bytes, and 1000 bytes are free; about 0 billion parameters would fit$"));
        Assert.That((refused.Free, SoftwareDriver.LiveAllocations.Count), Is.EqualTo((1000, before)));
    }

    /// <summary>Wherever memory runs out while models are loaded and a generator begins, everything is freed.</summary>
    [Test]
    public void Memory_that_runs_out_half_way_is_told_and_all_is_freed([Values(StreamMode.Auto, StreamMode.All)] StreamMode mode)
    {
        int before = SoftwareDriver.LiveAllocations.Count, refusals = 0;
        for (int allowed = 0; ; allowed++)
        {
            CountingDriver.AllocationsLeft = allowed;
            if (Refusal(mode) is not { } refusal)
                break;
            CountingDriver.AllocationsLeft = int.MaxValue;
            Assert.That(refusal.Message, Does.StartWith("device: software").And.Contain(" needs ").And.Contain(" free; "), $"allocation {allowed}");
            Assert.That(SoftwareDriver.LiveAllocations, Has.Count.EqualTo(before), $"allocation {allowed}");
            refusals++;
        }
        Assert.That(refusals, Is.GreaterThan(40));
        Assert.That(SoftwareDriver.LiveAllocations, Has.Count.EqualTo(before), "after a run that succeeded");
    }

    /// <summary>By default as much is streamed as does not fit.</summary>
    [Test]
    public void A_model_that_does_not_fit_is_streamed_unless_that_is_not_wanted()
    {
        CountingDriver.FreeBytes = 680_000;
        using (LanguageModel streamed = LanguageModel.Load(_folder.Path, Options))
        {
            Assert.That(streamed.IsStreamed);
            Assert.That(streamed.Note, Does.Match(@"^weights stored as F32 are kept as F16 on software .*; 0\.0\d MB of 0\.1 MB of weights stay on the device, 0\.\d+ MB stream from host memory each pass$"));
        }
        Assert.That(() => LanguageModel.Load(_folder.Path, Options with { Stream = StreamMode.Never, DeviceMemory = 1 }).Dispose(), Throws.Nothing, "never");
        using (LanguageModel target = LanguageModel.Load(_folder.Path, Options), draft = LanguageModel.Load(_folder.Path, Options))
        {
            new TextGenerator(target, target, TreePolicy.Chain(1)).Dispose();
            InvalidInputException wrong = Assert.Throws<InvalidInputException>(() => new TextGenerator(target, draft, TreePolicy.Chain(1)).Dispose())!;
            Assert.That(wrong.Message, Does.StartWith("draft: ").And.EndsWith(", and it runs several times a step; load it with StreamMode.Never"));
        }
        CountingDriver.FreeBytes = null;
        using (LanguageModel all = LanguageModel.Load(_folder.Path, Options with { DeviceMemory = 1_000_000_000 }))
            Assert.That(all.IsStreamed, Is.False);
        InvalidInputException refused = Assert.Throws<InvalidInputException>(() => LanguageModel.Load(_folder.Path, Options with { DeviceMemory = 500_000 }).Dispose())!;
        Assert.That(refused.Message, Does.Match(@"^gpu-memory: 0\.5 MB are too few, in GB: .*; allow 10 MB, or use a smaller tree, draft or context$"));
        Assert.That(() => LanguageModel.Load(_folder.Path, Options with { DeviceMemory = 0 }).Dispose(), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void A_device_that_is_too_old_is_told()
    {
        CudaDrivers.Register(CountingDriver.Old);
        InvalidInputException refused = Assert.Throws<InvalidInputException>(() => LanguageModel.Load(_folder.Path, Options).Dispose())!;
        Assert.That(refused.Message, Is.EqualTo($"device: software: {SoftwareDriver.DeviceName} has compute capability 7.0; the kernels need 7.5"));
    }

    [Test]
    public void A_tree_that_is_too_deep_is_told_by_the_constructor()
    {
        using LanguageModel model = LanguageModel.Load(_folder.Path, Options);
        new TextGenerator(model, model, TreePolicy.Chain(63)).Dispose();
        InvalidInputException refused = Assert.Throws<InvalidInputException>(() => new TextGenerator(model, model, TreePolicy.Chain(64)).Dispose())!;
        Assert.That(refused.Message, Does.StartWith("tree: it has 65 levels, and software").And.EndsWith(" can compute 64; use a shallower tree"));
    }

    [Test]
    public void A_tree_that_is_too_wide_is_told_by_the_constructor()
    {
        using LanguageModel model = LanguageModel.Load(_folder.Path, Options);
        new TextGenerator(model, model, TreePolicy.Chains(512, 1)).Dispose();
        InvalidInputException refused = Assert.Throws<InvalidInputException>(() => new TextGenerator(model, model, TreePolicy.Chains(513, 1)).Dispose())!;
        Assert.That(refused.Message, Does.StartWith("tree: a node has 513 children, and software").And.EndsWith(" can draw 512; use a narrower tree"));
    }

    [Test]
    public void Weights_that_change_their_type_are_noted()
    {
        using LanguageModel model = LanguageModel.Load(_folder.Path, Options);
        Assert.That(model.Note, Does.StartWith("weights stored as F32 are kept as F16 on software"));
    }

    private DeviceMemoryException? Refusal(StreamMode mode)
    {
        try
        {
            using LanguageModel target = LanguageModel.Load(_folder.Path, Options with { Stream = mode }), draft = LanguageModel.Load(_folder.Path, Options);
            using var generator = new TextGenerator(target, draft, TreePolicy.Chains(2, 2));
            foreach (GenerationChunk _ in generator.GenerateAsync("", new GenerationOptions { MaxTokens = 6, Temperature = 0, Seed = 1 }).ToBlockingEnumerable())
                continue;
            return null;
        }
        catch (DeviceMemoryException e)
        {
            return e;
        }
    }
}
