using Sequoia.Interop;
using Sequoia.Native;
using Sequoia.SoftwareGpu;

namespace Sequoia.Kernels.Tests.Engine;

/// <summary>Several generators share the models on a device, each on a thread of its own.</summary>
[NonParallelizable]
internal sealed class ConcurrencyTests : CudaFixture
{
    [Test]
    public async Task Generators_beside_each_other_say_what_they_say_alone()
    {
        CudaDrivers.Register(SoftwareDriver.Driver);
        string folder = Path.Combine(Repository.Root, "models", "draft");
        var options = new LoadOptions { Device = "software" };
        using LanguageModel target = LanguageModel.Load(folder, options), draft = LanguageModel.Load(folder, options);
        string[] prompts = ["Once upon a time", "The fox", "", "Ben had a red ball. He took it"];
        List<string> alone = [];
        for (int i = 0; i < prompts.Length; i++)
            alone.Add(await Tell(target, draft, prompts[i], i));
        string[] together = await Task.WhenAll(prompts.Select((prompt, i) => Task.Run(() => Tell(target, draft, prompt, i))));
        Assert.That(together, Is.EqualTo(alone));
        Assert.That(alone.Distinct().Count(), Is.EqualTo(prompts.Length));
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
