using System.Text.Json.Nodes;

namespace Sequoia.Cli.Tests;

/// <summary>The engine's CUDA kernels end to end, on the software GPU.</summary>
public class SoftwareDeviceTests
{
    private static string Model => SharedData.Path("stories260K", "hf");

    [SetUp]
    public void NeedsNvrtc() => _ = NeededLibraries.Compiler();

    // F16 keeps the 200 ids: the smallest gap between the two largest logits on the way is 0.0026.
    [TestCase("none")]
    [TestCase("chain:4")]
    [TestCase("chains:3x3")]
    [TestCase("chains:2x6")]
    public void Stories260K_tells_the_reference_ids_with_any_tree(string tree)
    {
        string[] draft = tree == "none" ? [] : ["--draft", Model];
        SequoiaProcess run = SequoiaProcess.Run(
            ["generate", "", "--target", Model, .. draft, "--tree", tree, "--device", "software", "--temperature", "0", "--max-tokens", "200", "--ignore-eos", "--json"]);
        Assert.That(run.Status, Is.Zero, run.Notes);
        int[] expected = [.. File.ReadLines(SharedData.Path("stories260K", "greedy_200.txt")).Where(line => !line.StartsWith('#'))
            .SelectMany(line => line.Split([' ', ','], StringSplitOptions.RemoveEmptyEntries)).Select(int.Parse)];
        Assert.That(run.Json["tokens"]!.AsArray().Select(id => (int)id!), Is.EqualTo(expected));
    }

    [Test]
    public void Nothing_is_timed_there()
    {
        SequoiaProcess run = SequoiaProcess.Run("generate", "Once", "--device", "software", "--max-tokens", "8", "--seed", "3", "--json");
        Assert.That(run.Status, Is.Zero, run.Notes);
        JsonNode stats = run.Json["stats"]!;
        foreach (string key in (string[])["seconds", "load_seconds", "prefill_seconds", "tokens_per_second", "draft_seconds", "verify_seconds"])
            Assert.That(stats[key], Is.Null, key);
        Assert.That(stats["tree"]!["size"]!.GetValue<int>(), Is.EqualTo(3), "auto takes the stored tree");
        Assert.That(run.Notes, Does.Contain("target passes").And.Not.Contain("tokens/s"));
        SequoiaProcess measured = SequoiaProcess.Run("measure", "hardware", "--device", "software");
        Assert.That((measured.Status, measured.Notes.Trim()), Is.EqualTo((2, "sequoia: device: software (Sequoia software GPU): has no times to measure; use cpu or cuda")));
    }

    [Test]
    public void A_seed_gives_the_same_text_again()
    {
        string[] arguments = ["generate", "The dog", "--tree", "chains:2x2", "--max-tokens", "12", "--seed", "11", "--json"];
        SequoiaProcess first = SequoiaProcess.Run([.. arguments, "--device", "software"]), again = SequoiaProcess.Run([.. arguments, "--device", "software"]);
        Assert.That(first.Status, Is.Zero, first.Notes);
        Assert.That(again.Json["tokens"]!.ToJsonString(), Is.EqualTo(first.Json["tokens"]!.ToJsonString()));
    }

    [TestCase("gpu")]
    [TestCase("cuda:x")]
    public void An_unknown_device_is_told(string device)
    {
        SequoiaProcess run = SequoiaProcess.Run("generate", "Once", "--device", device);
        Assert.That((run.Status, run.Notes.Trim()), Is.EqualTo((2, $"sequoia: device: {device}: is not known; use auto, cpu, cuda, cuda:N or software")));
    }
}
