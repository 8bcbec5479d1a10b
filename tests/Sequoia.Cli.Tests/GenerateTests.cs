using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Sequoia.Cli.Tests;

public class GenerateTests
{
    private static string Model => SharedData.Path("stories260K", "hf");

    [TestCase("none")]
    [TestCase("chain:4")]
    [TestCase("chains:2x3")]
    public void Greedy_ids_are_the_reference_for_every_tree(string tree)
    {
        SequoiaProcess run = SequoiaProcess.Run(
            "generate", "", "--target", Model, "--draft", Model, "--tree", tree, "--temperature", "0", "--max-tokens", "200", "--json", "--ignore-eos");
        string[] expected = [.. File.ReadLines(SharedData.Path("stories260K", "greedy_200.txt")).Where(line => !line.StartsWith('#'))
            .SelectMany(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))];
        JsonNode stats = run.Json["stats"]!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Ids(run.Json["tokens"]!), Is.EqualTo(expected.Select(id => int.Parse(id, CultureInfo.InvariantCulture))));
            Assert.That(Ids(run.Json["prompt_tokens"]!), Is.EqualTo((int[])[1]), "BOS alone");
            Assert.That(run.Json["finish_reason"]!.GetValue<string>(), Is.EqualTo("length"));
            Assert.That(stats["tokens_per_step"]!.GetValue<double>(), Is.EqualTo(200.0 / stats["steps"]!.GetValue<int>()).Within(1e-9));
            Assert.That(stats["tree"]!["size"]!.GetValue<int>(), Is.EqualTo(stats["tree"]!["parents"]!.AsArray().Count));
            foreach (string key in (string[])["seconds", "load_seconds", "prefill_seconds", "tokens_per_second", "draft_seconds", "verify_seconds"])
                Assert.That(stats[key]!.GetValue<double>(), Is.GreaterThanOrEqualTo(0), key);
            Assert.That(stats["device"]!.GetValue<string>(), Does.StartWith("cpu"));
            Assert.That(run.Status, Is.Zero);
        }
    }

    [Test]
    public void Vector_instructions_that_lie_idle_are_noted_once()
    {
        if (!System.Runtime.Intrinsics.X86.Avx2.IsSupported)
            Assert.Ignore("CPU lacks AVX2");
        string[] arguments = ["generate", "Once", "--target", Model, "--draft", Model, "--tree", "chain:2", "--max-tokens", "4"];
        string idle = SequoiaProcess.RunWhere("DOTNET_EnableAVX2", "0", arguments).Notes, forced = SequoiaProcess.RunWhere("SEQUOIA_CPU_KERNEL", "scalar", arguments).Notes;
        Assert.That(Regex.Count(idle, "without vector instructions"), Is.EqualTo(1), idle);
        Assert.That(forced, Does.Contain("cpu (scalar").And.Not.Contain("without vector instructions"));
    }

    [Test]
    public void Text_goes_to_the_output_and_the_gain_to_the_notes()
    {
        string[] arguments = ["generate", "Once upon a time", "--target", Model, "--draft", Model, "--tree", "chain:3", "--seed", "5", "--max-tokens", "30"];
        SequoiaProcess text = SequoiaProcess.Run([.. arguments, "--compare"]);
        SequoiaProcess json = SequoiaProcess.Run([.. arguments, "--json"]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(text.Out, Is.EqualTo(json.Json["text"]!.GetValue<string>() + "\n"), "the same seed repeats a run");
            Assert.That(text.Notes, Does.Contain("a step with a tree of 4 nodes, 4 levels; seed 5, cpu").And.Contain("times as fast"));
        }
    }

    [Test]
    public void The_prompt_comes_from_the_standard_input_less_a_final_line_break()
    {
        SequoiaProcess run = SequoiaProcess.RunWith("Once upon a time\n", null, "generate", "--target", Model, "--max-tokens", "1", "--json");
        Assert.That(Ids(run.Json["prompt_tokens"]!), Is.EqualTo((int[])[1, 403, 407, 261, 378]));
    }

    [Test]
    public void A_target_alone_is_decoded_one_token_at_a_time()
    {
        SequoiaProcess run = SequoiaProcess.Run("generate", "Once", "--target", Model, "--max-tokens", "5", "--json");
        Assert.That(run.Json["stats"]!["tree"]!.ToJsonString(), Is.EqualTo("""{"size":1,"levels":1,"parents":[-1]}"""));
    }

    [Test]
    public void An_unmeasured_pair_says_so_and_a_measured_one_uses_its_vector()
    {
        using var folder = new TemporaryFolder();
        string models = Pair(folder);
        string[] arguments = ["generate", "Once", "--target", Path.Combine(models, "target"), "--draft", Path.Combine(models, "draft"), "--max-tokens", "5", "--json"];
        SequoiaProcess unmeasured = SequoiaProcess.Run(arguments);
        Assert.That(unmeasured.Notes, Does.Contain("the acceptance of this pair is unknown"));
        Assert.That(unmeasured.Json["stats"]!["tree"]!["size"]!.GetValue<int>(), Is.EqualTo(3));
        SequoiaProcess.Run([.. arguments, "--tree", "auto"]).AssertBadInput("sequoia measure acceptance");

        folder.Write("draft/acceptance.json", """{"p":[0.6,0.2,0.1]}""");
        SequoiaProcess measured = SequoiaProcess.Run([.. arguments, "--tree", "optimal:6x3"]);
        Assert.That(measured.Json["stats"]!["tree"]!["size"]!.GetValue<int>(), Is.EqualTo(6));
    }

    [TestCase("INT")]
    [TestCase("TERM")]
    public void An_interrupted_run_prints_what_it_has(string signal)
    {
        using var endless = new EndlessModel();
        SequoiaProcess run = SequoiaProcess.Interrupt(signal, ["generate", "Once upon a time", .. endless.Arguments]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Status, Is.EqualTo(130));
            Assert.That(run.Out, Does.EndWith("\n").And.Length.GreaterThan(1));
            Assert.That(run.Notes, Does.Contain("cancelled"));
        }
    }

    [Test]
    public void Without_arguments_the_bundled_pair_tells_a_story()
    {
        using var folder = new TemporaryFolder();
        string models = Pair(folder);
        folder.Write("draft/acceptance.json", """{"p":[0.6,0.2,0.1]}""");
        SequoiaProcess run = SequoiaProcess.RunWith("", models);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Status, Is.Zero);
            // The draft is the target: on a busy machine, whose costs may be kept from an earlier run, auto rightly takes the lone root.
            Assert.That(run.Out, Does.StartWith("Once upon a time").And.Contain("with the tree").And.Contain("times as fast").And.Contain("●"));
            // What leads is a median, and the table below is the pair that it comes from.
            Match lead = Regex.Match(run.Out, @"With the tree it is ([\d.]+) times as fast at temperature 0\.6 .*: medians of 5 pairs of runs");
            double[] rates = [.. Regex.Matches(run.Out, @"(?:with the tree|one at a time) +\d+ +[\d.]+ +([\d.]+)").Select(rate => double.Parse(rate.Groups[1].Value, CultureInfo.InvariantCulture))];
            Assert.That(rates, Has.Length.EqualTo(2));
            Assert.That(lead.Index, Is.LessThan(run.Out.IndexOf("one at a time", StringComparison.Ordinal)));
            Assert.That(rates[0] / rates[1], Is.EqualTo(double.Parse(lead.Groups[1].Value, CultureInfo.InvariantCulture)).Within(0.01));
            Assert.That(run.Out, Does.Not.Contain("\u001b"), "no colour in a pipe");
        }
    }

    [TestCase("--device", "gpu", "device: gpu: is not known")]
    [TestCase("--kernel", "gemv", "--kernel gemv: must be NAME=FILE.cu")]
    [TestCase("--kernel", "gemv=none.cu", "none.cu: there is no such file")]
    [TestCase("--temperature", "nan", "--temperature nan: must be a number from 0 to 100")]
    [TestCase("--temperature", "-1", "--temperature -1")]
    [TestCase("--temperature", "1,5", "--temperature 1,5")]
    [TestCase("--temperature", "1e-9", "too near 0")]
    [TestCase("--top-p", "0", "--top-p 0: must be above 0")]
    [TestCase("--top-p", "1.1", "--top-p 1.1")]
    [TestCase("--top-k", "-1", "--top-k -1")]
    [TestCase("--max-tokens", "0", "--max-tokens 0: must be a whole number from 1")]
    [TestCase("--seed", "-1", "--seed -1: must be a whole number from 0")]
    [TestCase("--seed", "18446744073709551616", "--seed 18446744073709551616")]
    [TestCase("--threads", "0", "--threads 0")]
    [TestCase("--threads", "two", "--threads two")]
    [TestCase("--tree", "chain:4", "--tree chain:4: needs --draft DIR")]
    [TestCase("--tree", "bush", "tree \"bush\": is not known")]
    [TestCase("--tree", "/nowhere.json", "/nowhere.json: there is no such file")]
    [TestCase("--temprature", "1", "--temprature")]
    public void Bad_options_are_told_on_one_line(string option, string value, string message)
    {
        SequoiaProcess.Run("generate", "x", "--target", Model, option, value).AssertBadInput(message);
    }

    [Test]
    public void Bad_models_are_told_on_one_line()
    {
        SequoiaProcess.Run("generate", "x", "--target", "/nowhere").AssertBadInput("/nowhere: there is no such folder");
        SequoiaProcess.Run("generate", "x", "--target", Model, "--draft", "/nowhere", "--tree", "chain:2").AssertBadInput("/nowhere: there is no such folder");
        SequoiaProcess.Run("generate", "x", "--draft", Model).AssertBadInput("needs --target DIR too");
        SequoiaProcess.RunWith("", "/nowhere", "generate", "x").AssertBadInput("SEQUOIA_MODELS: /nowhere");
        SequoiaProcess.RunWith("", "/nowhere").AssertBadInput("SEQUOIA_MODELS: /nowhere");
        SequoiaProcess.Run("generate", string.Concat(Enumerable.Repeat("word ", 600)), "--target", Model).AssertBadInput("shorten the prompt");
    }

    [Test]
    public void Verbose_adds_the_stack_trace()
    {
        SequoiaProcess run = SequoiaProcess.Run("generate", "x", "--target", "/nowhere", "--verbose");
        Assert.That(run.Status, Is.EqualTo(2));
        Assert.That(run.Notes, Does.Contain("   at "));
    }

    private static IEnumerable<int> Ids(JsonNode list) => list.AsArray().Select(id => id!.GetValue<int>());

    private static string Pair(TemporaryFolder folder)
    {
        Directory.CreateSymbolicLink(Path.Combine(folder.Path, "target"), Model);
        // A folder of its own with links in it: it gets an acceptance vector.
        string draft = Directory.CreateDirectory(Path.Combine(folder.Path, "draft")).FullName;
        foreach (string file in Directory.GetFiles(Model))
            File.CreateSymbolicLink(Path.Combine(draft, Path.GetFileName(file)), file);
        return folder.Path;
    }
}
