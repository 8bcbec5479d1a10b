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
    public void Methods_are_compared_by_counts()
    {
        using var folder = new TemporaryFolder();
        SequoiaProcess run = SequoiaProcess.Run(
            "compare", "--device", "software", "--target", Model, "--draft", Model, "--prompts", folder.Write("prompts.txt", "Once\n<|endoftext|>\nThe dog"),
            "--temperatures", "0.8", "--sizes", "4", "--max-tokens", "12", "--output", Path.Combine(folder.Path, "results"));
        Assert.That(run.Status, Is.Zero, run.Notes);
        Assert.That(run.Out, Does.Contain("tokens per step").And.Not.Contain("speedup").And.Not.Contain("ms per token"));
        JsonNode report = JsonNode.Parse(File.ReadAllText(Path.Combine(folder.Path, "results", "compare.json")))!;
        JsonArray runs = report["runs"]!.AsArray();
        Assert.That(runs, Has.Count.GreaterThan(3));
        Assert.That(runs.Select(one => one!["seconds"]), Is.All.Null);
        Assert.That(report["step_costs"]!.AsArray(), Is.Empty);
        Assert.That(Directory.GetFiles(Path.Combine(folder.Path, "results"), "speedup*"), Is.Empty);
    }

    [Test]
    public void A_seed_gives_the_same_text_again()
    {
        string[] arguments = ["generate", "The dog", "--tree", "chains:2x2", "--max-tokens", "12", "--seed", "11", "--json"];
        SequoiaProcess first = SequoiaProcess.Run([.. arguments, "--device", "software"]), again = SequoiaProcess.Run([.. arguments, "--device", "software"]);
        Assert.That(first.Status, Is.Zero, first.Notes);
        Assert.That(again.Json["tokens"]!.ToJsonString(), Is.EqualTo(first.Json["tokens"]!.ToJsonString()));
    }

    /// <summary>The target has 23 MB of weights; its draft, caches and activations are in the GPU's memory too.</summary>
    [Test]
    public void A_model_larger_than_the_GPU_tells_the_same_text()
    {
        string[] arguments = ["generate", "The dog", "--tree", "chains:2x2", "--max-tokens", "10", "--seed", "11", "--json", "--device", "software"];
        SequoiaProcess whole = SequoiaProcess.Run([.. arguments, "--stream", "never"]), streamed = SequoiaProcess.Run([.. arguments, "--gpu-memory", "20MB"]);
        Assert.That(streamed.Status, Is.Zero, streamed.Notes);
        Assert.That(streamed.Json["tokens"]!.ToJsonString(), Is.EqualTo(whole.Json["tokens"]!.ToJsonString()));
        Assert.That(whole.Json["stats"]!["stream"], Is.Null);
        JsonNode stream = streamed.Json["stats"]!["stream"]!;
        Assert.That(stream["streamed_bytes"]!.GetValue<long>(), Is.Positive.And.EqualTo(stream["bytes_per_step"]!.GetValue<double>()));
        Assert.That(stream["resident_bytes"]!.GetValue<long>(), Is.Positive);
        foreach (string key in (string[])["bytes_per_second", "link_bytes_per_second", "link_share", "waited_seconds"])
            Assert.That(stream[key], Is.Null, key);
        Assert.That(streamed.Notes, Does.Match(@"MB of weights stayed on the GPU, [\d.]+ MB were copied to it in every step"));
    }

    /// <summary>What a tree takes is known once models are loaded, and where their weights are has been noted.</summary>
    [Test]
    public void A_tree_that_leaves_no_memory_for_weights_is_refused()
    {
        SequoiaProcess run = SequoiaProcess.Run("generate", "Once", "--device", "software", "--gpu-memory", "20MB", "--stream", "all", "--tree", "chains:40x10");
        Assert.That((run.Status, run.Out), Is.EqualTo((2, "")));
        string[] lines = run.Notes.TrimEnd('\n').Split('\n');
        Assert.That(lines, Has.Length.EqualTo(2));
        Assert.That(lines[0], Does.EndWith("0 MB of 21.23 MB of weights stay on the device, 21.23 MB stream from host memory each pass"));
        Assert.That(lines[1], Does.Match(@"^sequoia: gpu-memory: 20 MB are too few, in GB: ring 0\.003, weights that cannot be streamed 0\.002, draft 0\.002, .*tree 0\.0\d+; allow \d+ MB, or use a smaller tree, draft or context$"));
    }

    [TestCase("--device software --gpu-memory 5MB", "gpu-memory: 5 MB are too few, in GB: ")]
    [TestCase("--gpu-memory 1GB", "--gpu-memory: concerns weights on a GPU, and not auto")]
    [TestCase("--device software --gpu-memory lots", "--gpu-memory lots: is no size; give one like 8GB, 512MB or 7GiB")]
    public void A_gpu_memory_that_cannot_work_is_one_line(string options, string message) =>
        SequoiaProcess.Run(["generate", "Once", "--max-tokens", "3", .. options.Split(' ')]).AssertBadInput(message);

    [TestCase("gpu")]
    [TestCase("cuda:x")]
    public void An_unknown_device_is_told(string device)
    {
        SequoiaProcess run = SequoiaProcess.Run("generate", "Once", "--device", device);
        Assert.That((run.Status, run.Notes.Trim()), Is.EqualTo((2, $"sequoia: device: {device}: is not known; use auto, cpu, cuda, cuda:N or software")));
    }

    [Test]
    public void A_kernel_is_replaced_by_one_that_computes_the_same()
    {
        using var folder = new TemporaryFolder();
        string own = SequoiaProcess.Run("kernels", "list", "--source", "embed").Out;
        Assert.That(own, Does.Contain("extern \"C\" __global__"));
        string file = folder.Write("mine.cu", own.Replace("p.norm_weight[first + i] * scale", "(p.norm_weight[first + i] * scale)"));
        SequoiaProcess replaced = Generate("embed", file), usual = Generate();
        Assert.That(replaced.Status, Is.Zero, replaced.Notes);
        Assert.That(replaced.Out, Is.EqualTo(usual.Out));
    }

    [TestCase("matmul", "i32 all = column_blocks(p.columns)", "i32 all = p.columns / BLOCK_COLUMNS", "kernel: matmul: the replacement computes something else")]
    [TestCase("embed", "p.norm_weight[first + i] * scale", "scale", "kernel: embed: the replacement computes something else")]
    [TestCase("attend", "p.scale * LOG2_E", "p.scale", "kernel: attend: the replacement computes something else")]
    [TestCase("draw_children", "(u32)node, sequence.step", "(u32)node + 1, sequence.step", "kernel: draw_children: the replacement computes something else")]
    [TestCase("verify_tree", "        length++;", "        length += 2;", "kernel: verify_tree: ")]
    [TestCase("compact_kv", "length = p.rows_of(part)", "length = p.rows_of(part) - 1", "kernel: compact_kv: the replacement computes something else")]
    [TestCase("advance_step", "sequence.committed += outcome.length;", "sequence.committed++;", "kernel: advance_step: the replacement computes something else")]
    [TestCase("embed", "sequence.tokens[node]", "sequence.tokens[row]", "kernel: embed: the replacement computes something else")]
    [TestCase("embed", "const __grid_constant__ Embed p)", "const __grid_constant__ Embed p, int more)", "embed")]
    [TestCase("embed", "i32 row = blockIdx.x,", "i32 ", "embed.cu(")]
    [TestCase("gemv", "x", "y", "kernel: gemv: is not one of the engine's")]
    [TestCase("matmul_sm90", "wgmma_commit();", "", "kernel: matmul_sm90: Sequoia software GPU has compute capability 8.0, where this kernel does not run")]
    public void A_wrong_replacement_is_refused_before_it_is_used(string name, string from, string to, string words)
    {
        using var folder = new TemporaryFolder();
        string source = name == "gemv" ? "" : SequoiaProcess.Run("kernels", "list", "--source", name).Out;
        string changed = source.Replace(from, to);
        Assert.That(name == "gemv" || changed != source, "the change must hit");
        SequoiaProcess run = Generate(name, folder.Write("mine.cu", changed));
        Assert.That(run.Status, Is.EqualTo(2), run.Notes);
        Assert.That(run.Notes.Trim(), Does.StartWith("sequoia: ").And.Contain(words).And.Not.Contain("\n"));
        Assert.That(run.Out, Is.Empty);
    }

    private static SequoiaProcess Generate(params string[] kernel) => SequoiaProcess.Run(
        ["generate", "", "--target", Model, "--device", "software", "--temperature", "0", "--max-tokens", "12", .. kernel.Length == 0 ? (string[])[] : ["--kernel", $"{kernel[0]}={kernel[1]}"]]);
}
