using System.Text.Json.Nodes;

namespace Sequoia.Cli.Tests;

/// <summary>What users have on their disks in place of a folder with model.safetensors.</summary>
internal sealed class ModelPathTests
{
    private const string Pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 1234\n";

    private static string Model => SharedData.Path("stories260K", "hf");

    [TestCase("pytorch_model.bin", "has pytorch_model.bin, weights in PyTorch's format; ")]
    [TestCase("pytorch_model-00001-of-00002.bin", "has pytorch_model-00001-of-00002.bin, weights in PyTorch's format; ")]
    [TestCase("model.Q4_K_M.gguf", "has model.Q4_K_M.gguf, a GGUF file; ")]
    [TestCase("adapter_model.safetensors", "has adapter_model.safetensors, a LoRA adapter; merge it")]
    [TestCase("consolidated.00.pth", "has consolidated.00.pth, the weights in Meta's own layout; ")]
    [TestCase("consolidated.safetensors", "has consolidated.safetensors, the weights in Meta's own layout; ")]
    [TestCase("model-00001-of-00002.safetensors", "has model-00001-of-00002.safetensors but no model.safetensors.index.json")]
    [TestCase("weights.safetensors", "has weights.safetensors but no model.safetensors; rename it")]
    [TestCase("README.md", "has no model.safetensors; name the model's folder")]
    public void What_a_folder_holds_instead_is_named(string file, string message)
    {
        using TemporaryFolder folder = WithoutWeights();
        folder.Write(file, "x");
        SequoiaProcess.Run("generate", "x", "--target", folder.Path).AssertBadInput($"{folder.Path}: {message}");
        // Other formats come without a config.
        File.Delete(Path.Combine(folder.Path, "config.json"));
        SequoiaProcess.Run("generate", "x", "--target", Model, "--draft", folder.Path, "--tree", "chain:2").AssertBadInput($"{folder.Path}: {message}");
    }

    [Test]
    public void A_file_in_place_of_a_folder_is_told_for_what_it_is()
    {
        using var folder = new TemporaryFolder();
        SequoiaProcess.Run("generate", "x", "--target", folder.Write("m.gguf", "GGUF\u0003")).AssertBadInput("m.gguf: is a GGUF file; ");
        SequoiaProcess.Run("generate", "x", "--target", Path.Combine(Model, "model.safetensors")).AssertBadInput("model.safetensors: is a file; name the folder that holds it");
    }

    [TestCase("model.safetensors")]
    [TestCase("tokenizer.json")]
    [TestCase("config.json")]
    public void A_pointer_of_git_lfs_is_told(string file)
    {
        using TemporaryFolder folder = WithoutWeights();
        File.Copy(Path.Combine(Model, "model.safetensors"), Path.Combine(folder.Path, "model.safetensors"));
        folder.Write(file, Pointer);
        SequoiaProcess.Run("generate", "x", "--target", folder.Path).AssertBadInput($"{file}: is a pointer of Git LFS");
    }

    [Test]
    public void A_folder_of_the_cache_is_followed_to_its_snapshot()
    {
        using var cache = new TemporaryFolder();
        string root = Directory.CreateDirectory(Path.Combine(cache.Path, "models--org--name")).FullName;
        string snapshots = Directory.CreateDirectory(Path.Combine(root, "snapshots")).FullName;
        string[] generate = ["generate", "Once", "--target", root, "--max-tokens", "3", "--json"];
        SequoiaProcess.Run(generate).AssertBadInput("is a folder of Hugging Face's cache without a snapshot");

        Directory.CreateSymbolicLink(Path.Combine(snapshots, "abc"), Model);
        Assert.That(SequoiaProcess.Run(generate).Status, Is.Zero, "the only snapshot");
        Directory.CreateDirectory(Path.Combine(snapshots, "def"));
        SequoiaProcess.Run(generate).AssertBadInput($"with 2 snapshots; name one, such as {Path.Combine(snapshots, "abc")}");
        Directory.CreateDirectory(Path.Combine(root, "refs"));
        File.WriteAllText(Path.Combine(root, "refs", "main"), "abc");
        Assert.That(SequoiaProcess.Run(generate).Status, Is.Zero, "the one that main is");
        Assert.That(SequoiaProcess.Run("tokenize", "--model", root, "Once").Out, Is.EqualTo("403\n"));
        File.WriteAllText(Path.Combine(root, "refs", "main"), "../..");
        SequoiaProcess.Run(generate).AssertBadInput("with 2 snapshots");
    }

    [Test]
    public void The_cache_itself_is_no_model() =>
        SequoiaProcess.Run("generate", "x", "--target", Path.GetTempPath()).AssertBadInput("has no model.safetensors");

    [Test]
    public void Measurements_of_a_snapshot_carry_the_models_name()
    {
        using var cache = new TemporaryFolder();
        string root = Path.Combine(cache.Path, "models--org--name"), snapshot = Directory.CreateDirectory(Path.Combine(root, "snapshots", "abc")).FullName;
        foreach (string file in Directory.GetFiles(Model))
            File.CreateSymbolicLink(Path.Combine(snapshot, Path.GetFileName(file)), file);
        SequoiaProcess run = SequoiaProcess.Run(
            "measure", "acceptance", "--target", Model, "--draft", root, "--prompts", cache.Write("p.jsonl", """{"prompt":"Once"}"""), "--max-tokens", "4", "--json");
        Assert.That(run.Status, Is.Zero, run.Notes);
        Assert.That(((string)run.Json["draft"]!, run.Json["draft_sha256"]!.AsObject().Count), Is.EqualTo(("org/name", 1)));
        Assert.That(File.Exists(Path.Combine(snapshot, "acceptance.json")), "where generate finds it");
    }

    [Test]
    public void A_single_file_beside_an_index_is_taken_with_a_note()
    {
        using TemporaryFolder folder = WithoutWeights();
        File.Copy(Path.Combine(Model, "model.safetensors"), Path.Combine(folder.Path, "model.safetensors"));
        string[] generate = ["generate", "Once", "--target", folder.Path, "--max-tokens", "3", "--temperature", "0"];
        SequoiaProcess usual = SequoiaProcess.Run(generate);
        folder.Write("model.safetensors.index.json", new JsonObject { ["weight_map"] = new JsonObject { ["x"] = "model-00001-of-00001.safetensors" } }.ToJsonString());
        SequoiaProcess run = SequoiaProcess.Run(generate);
        Assert.That((run.Status, run.Out), Is.EqualTo((0, usual.Out)), run.Notes);
        Assert.That(run.Notes, Does.Contain($"sequoia: {folder.Path}: model.safetensors is used, and the shards of model.safetensors.index.json are not\n"));
        Assert.That(usual.Notes, Does.Not.Contain("is used"));
    }

    private static TemporaryFolder WithoutWeights()
    {
        var folder = new TemporaryFolder();
        foreach (string file in Directory.GetFiles(Model).Where(file => !file.EndsWith(".safetensors", StringComparison.Ordinal)))
            File.Copy(file, Path.Combine(folder.Path, Path.GetFileName(file)));
        return folder;
    }
}
