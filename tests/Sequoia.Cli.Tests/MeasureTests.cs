using System.Text.Json.Nodes;

namespace Sequoia.Cli.Tests;

public class MeasureTests
{
    private static string Model => SharedData.Path("stories260K", "hf");

    [TestCase("{\"prompt\":\"Once upon a time\"}\n\n{\"prompt\":\"Lily\"}\n", 2)]
    [TestCase("Once upon\na time\n<|endoftext|>\nLily\n<|endoftext|>\n\n<|endoftext|>\nBen", 3)]
    public void A_draft_that_is_the_target_is_always_right(string text, int prompts)
    {
        using var folder = new TemporaryFolder();
        string output = Path.Combine(folder.Path, "acceptance.json");
        SequoiaProcess run = SequoiaProcess.Run(
            "measure", "acceptance", "--target", Model, "--draft", Model, "--prompts", folder.Write("prompts.txt", text),
            "--max-tokens", "20", "--output", output, "--json");
        JsonNode kept = JsonNode.Parse(File.ReadAllText(output))!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Status, Is.Zero);
            Assert.That(run.Json["p"]![0]!.GetValue<double>(), Is.EqualTo(1));
            Assert.That(kept["p"]!.ToJsonString(), Is.EqualTo(run.Json["p"]!.ToJsonString()));
            Assert.That(kept["prompts"]!.GetValue<int>(), Is.EqualTo(prompts));
            Assert.That(run.Notes, Does.Contain($"over {prompts} of {prompts} prompts"));
        }
    }

    [Test]
    public void What_was_measured_is_kept_with_its_errors_and_where_it_came_from()
    {
        using var folder = new TemporaryFolder();
        string output = Path.Combine(folder.Path, "acceptance.json"), prompts = folder.Write("some.jsonl", "{\"prompt\":\"Once upon a time\"}\n{\"prompt\":\"Lily\"}");
        SequoiaProcess run = SequoiaProcess.Run(
            "measure", "acceptance", "--target", Model, "--draft", Model, "--prompts", prompts, "--max-tokens", "20", "--top-p", "0.9", "--top-k", "50",
            "--seed", "3", "--by-depth", "--output", output, "--json");
        JsonNode kept = JsonNode.Parse(File.ReadAllText(output))!;
        using FileStream weights = File.OpenRead(Path.Combine(Model, "model.safetensors"));
        string digest = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(weights));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Json.ToJsonString(), Is.EqualTo(kept.ToJsonString()));
            Assert.That(kept["target_sha256"]!["model.safetensors"]!.GetValue<string>(), Is.EqualTo(digest));
            Assert.That(kept["draft_sha256"]!.ToJsonString(), Is.EqualTo(kept["target_sha256"]!.ToJsonString()));
            Assert.That((float)kept["temperature"]!, Is.EqualTo(0.6f));
            Assert.That(((float)kept["top_p"]!, (int)kept["top_k"]!, (ulong)kept["seed"]!), Is.EqualTo((0.9f, 50, 3ul)));
            Assert.That(((string)kept["prompts_file"]!, (int)kept["prompts"]!, (int)kept["steps"]!), Is.EqualTo(("some.jsonl", 2, 40)));
            Assert.That(kept["standard_errors"]!.AsArray(), Has.Count.EqualTo(kept["p"]!.AsArray().Count));
            Assert.That(kept["by_depth"]!.AsArray(), Has.Count.EqualTo(20), "a draft that is the target: from a chain of 64 nodes nothing falls out, so a text of 20 tokens is one walk");
            Assert.That(kept["by_depth_steps"]!.AsArray().Select(steps => (int)steps!), Is.All.EqualTo(2));
            Assert.That(kept["by_depth_tree"]!.AsArray(), Has.Count.EqualTo(64));
            Assert.That((string)kept["date"]!, Does.Match(@"^\d{4}-\d\d-\d\d$"));
        }
        string[] table = ["measure", "acceptance", "--target", Model, "--draft", Model, "--prompts", prompts, "--max-tokens", "20", "--output", output];
        Assert.That(SequoiaProcess.Run([.. table, "--by-depth"]).Out, Does.Contain("21.00 tokens per step").And.Contain("depth  steps  child 1"));
        Assert.That(SequoiaProcess.Run(table).Out, Does.Not.Contain("depth  steps"));
        Assert.That(JsonNode.Parse(File.ReadAllText(output))!["by_depth"], Is.Null, "only where it was asked for");
        SequoiaProcess.Run([.. table, "--top-p", "0"]).AssertBadInput("--top-p 0: must be above 0");
    }

    [TestCase("/nowhere/a.json", "/nowhere/a.json: cannot be written (there is no folder /nowhere)")]
    [TestCase("/proc/a.json", "/proc/a.json: cannot be written")]
    [TestCase("/tmp", "/tmp: cannot be written (it is a folder; name a file)")]
    public void An_output_that_cannot_be_written_is_told_before_anything_is_measured(string output, string message)
    {
        using var folder = new TemporaryFolder();
        string prompts = folder.Write("p.jsonl", """{"prompt":"Once"}""");
        // Not even the models are loaded: there are none.
        SequoiaProcess.Run("measure", "acceptance", "--target", "/none", "--draft", "/none", "--prompts", prompts, "--output", output).AssertBadInput(message);
        string acceptance = folder.Write("a.json", """{"p":[0.5]}""");
        SequoiaProcess.Run("tree", "optimize", "--acceptance", acceptance, "--max-size", "3", "--svg", output).AssertBadInput(message);
    }

    [Test]
    public void A_better_vector_is_kept_where_few_steps_replace_it()
    {
        using var folder = new TemporaryFolder();
        string output = Path.Combine(folder.Path, "a.json"), old = output + ".old", prompts = folder.Write("p.jsonl", """{"prompt":"Once"}""");
        string[] measure = ["measure", "acceptance", "--target", Model, "--draft", Model, "--prompts", prompts, "--output", output, "--max-tokens"];
        SequoiaProcess first = SequoiaProcess.Run([.. measure, "9"]);
        Assert.That(first.Notes, Does.Contain("sequoia: 9 steps say little").And.Not.Contain(".old"));
        Assert.That(SequoiaProcess.Run([.. measure, "12"]).Notes, Does.Contain("say little").And.Not.Contain(".old"), "the earlier one was no better");
        Assert.That(File.Exists(old), Is.False);
        string better = File.ReadAllText(output);
        Assert.That(SequoiaProcess.Run([.. measure, "5"]).Notes, Does.Contain($"sequoia: 5 steps say little").And.Contain($"what a.json held is kept in {old}"));
        Assert.That(File.ReadAllText(old), Is.EqualTo(better));
        File.WriteAllText(output, """{"p":[0.5]}""");
        SequoiaProcess.Run([.. measure, "5"]);
        Assert.That(File.ReadAllText(old), Is.EqualTo("""{"p":[0.5]}"""), "nobody knows what it is worth");
    }

    [Test]
    public void Generate_finds_the_vector_in_the_drafts_folder()
    {
        using var folder = new TemporaryFolder();
        foreach (string file in Directory.GetFiles(Model))
            File.Copy(file, Path.Combine(folder.Path, Path.GetFileName(file)));
        SequoiaProcess measured = SequoiaProcess.Run(
            "measure", "acceptance", "--target", Model, "--draft", folder.Path, "--prompts", folder.Write("p.jsonl", """{"prompt":"Once"}"""), "--max-tokens", "20");
        Assert.That(measured.Out, Does.StartWith("child  accepted  std. error  so far\n    1"));
        SequoiaProcess run = SequoiaProcess.Run("generate", "Once", "--target", Model, "--draft", folder.Path, "--max-tokens", "9", "--json");
        Assert.That(run.Status, Is.Zero);
        // A draft as slow as its target gains nothing, which auto finds out unless the machine was busy while one of them was measured.
        Assert.That(run.Notes, Does.Contain("decoding one token at a time: the best tree would be only").Or.Contain("chosen for this machine"));
        Assert.That(run.Notes, Does.Not.Contain("acceptance of this pair is unknown"), "without the vector it would take a chain and say so");
    }

    [Test]
    public void Prompts_that_do_not_fit_are_left_out()
    {
        using var folder = new TemporaryFolder();
        string prompts = folder.Write("p.txt", string.Concat(Enumerable.Repeat("word ", 600)) + "\n<|endoftext|>\nOnce");
        string[] arguments = ["measure", "acceptance", "--target", Model, "--draft", Model, "--max-tokens", "5", "--output", Path.Combine(folder.Path, "a.json"), "--prompts"];
        Assert.That(SequoiaProcess.Run([.. arguments, prompts]).Notes, Does.Contain("over 1 of 2 prompts"));
        SequoiaProcess.Run([.. arguments, folder.Write("long.txt", string.Concat(Enumerable.Repeat("word ", 600)))]).AssertBadInput("none of its 1 prompts fits");
    }

    [TestCase("", "holds no prompts")]
    [TestCase("{\"prompt\":\"x\"}\n{\"promt\":\"x\"}", "line 2: prompt: is missing")]
    [TestCase("{\"prompt\":\"x\"}\nx", "line 2: is not valid JSON")]
    [TestCase("{\"prompt\":7}", "line 1: prompt: is missing")]
    public void Bad_prompts_are_told_on_one_line(string text, string message)
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("p.jsonl", text);
        SequoiaProcess.Run("measure", "acceptance", "--target", Model, "--draft", Model, "--prompts", file).AssertBadInput($"{file}: {message}");
    }

    [Test]
    public void Bad_options_are_told_on_one_line()
    {
        SequoiaProcess.Run("measure", "acceptance", "--target", Model, "--draft", Model).AssertBadInput("--prompts");
        SequoiaProcess.Run("measure", "acceptance", "--target", Model, "--prompts", "/nowhere").AssertBadInput("--draft: is missing");
        SequoiaProcess.Run("measure", "acceptance", "--target", Model, "--draft", Model, "--prompts", "/nowhere").AssertBadInput("/nowhere: there is no such file");
    }
}
