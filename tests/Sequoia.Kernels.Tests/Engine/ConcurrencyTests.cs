using Sequoia.Interop;
using Sequoia.Native;
using Sequoia.SoftwareGpu;

namespace Sequoia.Kernels.Tests.Engine;

/// <summary>Several generators share the models on a device, each on a thread of its own.</summary>
[TestFixture(StreamMode.Auto)]
[TestFixture(StreamMode.All)]
[NonParallelizable]
internal sealed class ConcurrencyTests(StreamMode mode) : CudaFixture
{
    [Test]
    public async Task Generators_beside_each_other_say_what_they_say_alone()
    {
        using LanguageModel target = Load(mode), draft = Load();
        string[] prompts = ["Once upon a time", "The fox", "", "Ben had a red ball. He took it"];
        List<string> alone = [];
        for (int i = 0; i < prompts.Length; i++)
            alone.Add(await Tell(target, draft, prompts[i], i));
        string[] together = await Task.WhenAll(prompts.Select((prompt, i) => Task.Run(() => Tell(target, draft, prompt, i))));
        Assert.That(together, Is.EqualTo(alone));
        Assert.That(alone.Distinct().Count(), Is.EqualTo(prompts.Length));
    }

    /// <summary>With every seed a step is recorded anew: no copy of a sequence that begins meanwhile may get into a recording, or spoil it.</summary>
    [Test]
    public async Task Recordings_and_beginnings_do_not_meet()
    {
        using LanguageModel target = Load(mode), draft = Load();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(thread => Task.Run(async () =>
        {
            using var generator = new TextGenerator(target, draft, TreePolicy.Chains(1, 1));
            for (int seed = 0; seed < 12; seed++)
            {
                int tokens = 0;
                await foreach (GenerationChunk chunk in generator.GenerateAsync("", new GenerationOptions { MaxTokens = 5, Seed = (ulong)seed, IgnoreEos = true }))
                    tokens += chunk.Tokens.Count;
                Assert.That(tokens, Is.EqualTo(5));
            }
        })));
    }

    private static LanguageModel Load(StreamMode mode = StreamMode.Never)
    {
        CudaDrivers.Register(SoftwareDriver.Driver);
        return LanguageModel.Load(Path.Combine(Repository.Root, "models", "draft"), new LoadOptions { Device = "software", Stream = mode });
    }

    private static async Task<string> Tell(LanguageModel target, LanguageModel draft, string prompt, int seed)
    {
        using var generator = new TextGenerator(target, draft, seed % 2 == 0 ? TreePolicy.Chains(2, 2) : TreePolicy.Chains(1, 3));
        string text = "";
        await foreach (GenerationChunk chunk in generator.GenerateAsync(prompt, new GenerationOptions { MaxTokens = 20, Seed = (ulong)seed, IgnoreEos = true }))
            text += chunk.Text;
        return text;
    }
}
