using System.Text.Json.Nodes;
using System.Xml.Linq;

namespace Sequoia.Cli.Tests;

/// <summary>sequoia compare from the outside, on a model that is its own draft: some of what must come out is known.</summary>
public class CompareTests
{
    private const string Prompts = "{\"prompt\":\"Once upon a time\"}\n{\"prompt\":\"Lily\"}\n{\"prompt\":\"The dog\"}\n{\"prompt\":\"Ben saw\"}\n{\"prompt\":\"One day\"}";

    private static string Model => SharedData.Path("stories260K", "hf");

    [Test]
    public void A_draft_that_is_the_target_fills_a_greedy_chain_every_step()
    {
        using var folder = new TemporaryFolder();
        JsonNode report = Compare(folder, "--temperatures", "0", "--sizes", "4", "--methods", "sequoia,chain", "--json").Json;
        foreach (JsonNode? row in report["summary"]!.AsArray().Skip(1))
        {
            Assert.That(row!["formula"]!.GetValue<double>(), Is.EqualTo(4));
            Assert.That(row["predicted"]!["value"]!.GetValue<double>(), Is.EqualTo(4));
            Assert.That(row["predicted"]!["plus_minus"]!.GetValue<double>(), Is.Zero);
            Assert.That(row["tokens_per_step"]!["value"]!.GetValue<double>(), Is.EqualTo(4));
            Assert.That(row["tokens_per_step"]!["plus_minus"]!.GetValue<double>(), Is.Zero);
        }
        Assert.That((report["calibration_prompts"]!.GetValue<int>(), report["test_prompts"]!.GetValue<int>()), Is.EqualTo((2, 3)));
        Assert.That(report["runs"]!.AsArray().Select(run => run!["prompt"]!.GetValue<int>()).Distinct(), Is.EqualTo([2, 3, 4]), "the others are for calibration");
    }

    [Test]
    public void All_methods_come_in_tables_and_charts()
    {
        using var folder = new TemporaryFolder();
        SequoiaProcess run = Compare(folder, "--temperatures", "1,0.5", "--sizes", "5,9");
        Assert.That(run.Status, Is.Zero);
        Assert.That(run.Out.Split('\n').Count(line => line.StartsWith("T = ", StringComparison.Ordinal)), Is.EqualTo(2));
        Assert.That(run.Out.IndexOf("T = 0.5", StringComparison.Ordinal), Is.LessThan(run.Out.IndexOf("T = 1", StringComparison.Ordinal)));
        foreach (string method in (string[])["autoregressive", "Sequoia", "SpecInfer", "top-k", "chain", "k chains"])
            Assert.That(run.Out.Split('\n').Count(line => line.Contains($" {method} ", StringComparison.Ordinal) && line.StartsWith('|')), Is.EqualTo(4).Or.EqualTo(6), method);
        foreach (string chart in (string[])["scalability-T0.5.svg", "scalability-T1.svg", "robustness.svg", "predicted.svg", "speedup.svg"])
            Assert.That(XDocument.Load(Path.Combine(folder.Path, chart)).Root!.Descendants().Select(e => e.Value), Has.Some.EqualTo("SpecInfer"), chart);
    }

    [Test]
    public void Ratios_and_intervals_are_those_of_the_runs()
    {
        using var folder = new TemporaryFolder();
        // The bundled pair: a draft that is the target would leave Sequoia's steps without any spread.
        JsonNode report = SequoiaProcess.Run(
            "compare", "--prompts", folder.Write("p.jsonl", Prompts), "--max-tokens", "24", "--output", folder.Path,
            "--temperatures", "1", "--sizes", "6", "--methods", "topk,sequoia", "--json").Json;
        Dictionary<string, JsonNode> rows = report["summary"]!.AsArray().ToDictionary(row => row!["method"]!.GetValue<string>(), row => row!);
        (double[] topTokens, double[] topSteps) = Counts(report, "topk");
        (double[] tokens, double[] steps) = Counts(report, "sequoia");
        double top = topTokens.Sum() / topSteps.Sum(), sequoia = tokens.Sum() / steps.Sum();
        double[] errors = [.. topTokens.Select((t, i) =>
            ((tokens[i] - (sequoia * steps[i])) / steps.Sum()) - ((t - (top * topSteps[i])) / topSteps.Sum()))];
        // Three prompts: Student's t with two degrees of freedom.
        double half = 4.303 * Math.Sqrt(1.5 * errors.Sum(e => e * e));
        JsonNode lead = rows["topk"]["sequoia_lead"]!;
        Assert.That(rows["topk"]["tokens_per_step"]!["value"]!.GetValue<double>(), Is.EqualTo(top).Within(1e-12));
        Assert.That(lead["value"]!.GetValue<double>(), Is.EqualTo(sequoia - top).Within(1e-12));
        Assert.That(lead["plus_minus"]!.GetValue<double>(), Is.EqualTo(half).Within(1e-12));
        Assert.That(rows["sequoia"]["sequoia_lead"], Is.Null);
        JsonNode cost = report["step_costs"]!.AsArray().Single(c => c!["method"]!.GetValue<string>() == "sequoia")!;
        Assert.That(rows["sequoia"]["predicted_speedup"]!.GetValue<double>(),
            Is.EqualTo(rows["sequoia"]["predicted"]!["value"]!.GetValue<double>() / cost["cost"]!.GetValue<double>()).Within(1e-12));
        Assert.That(cost["cost"]!.GetValue<double>(), Is.Positive);
        Assert.That(rows["autoregressive"]["predicted_speedup"]!.GetValue<double>(), Is.EqualTo(1));
        Assert.That(rows["autoregressive"]["speedup"]!["value"]!.GetValue<double>(), Is.EqualTo(1));
    }

    [Test]
    public void An_interrupted_run_is_kept_and_gone_on_with_to_the_same_result()
    {
        using var folder = new TemporaryFolder();
        string file = Path.Combine(folder.Path, "compare.json");
        string[] options = ["--temperatures", "1", "--sizes", "3,5,7,9,11,13", "--methods", "sequoia,specinfer"];
        SequoiaProcess cut;
        // On a busy machine this process may sleep until the run has ended by itself; that run shows nothing, and another one is made.
        do
        {
            File.Delete(file);
            cut = SequoiaProcess.InterruptWhen(
                () => File.Exists(file) && File.ReadAllText(file).Contains("specinfer\",\"prompt\"", StringComparison.Ordinal), "INT", Arguments(folder, options));
        }
        while (cut.Status == 0);
        Assert.That(cut.Status, Is.EqualTo(130), cut.Notes);
        int runs = JsonNode.Parse(File.ReadAllText(file))!["runs"]!.AsArray().Count;
        Assert.That(runs, Is.GreaterThanOrEqualTo(3).And.LessThan(54));

        SequoiaProcess rest = Compare(folder, [.. options, "--json"]);
        using var anew = new TemporaryFolder();
        JsonNode whole = Compare(anew, [.. options, "--json"]).Json;
        Assert.That(rest.Notes, Does.Contain($"going on with the {runs} runs"));
        Assert.That(WithoutTimes(rest.Json), Is.EqualTo(WithoutTimes(whole)));
    }

    [Test]
    public void Results_of_other_options_are_not_mixed_in()
    {
        using var folder = new TemporaryFolder();
        Compare(folder, "--temperatures", "0", "--sizes", "2", "--methods", "chain");
        SequoiaProcess.Run(Arguments(folder, "--temperatures", "0", "--sizes", "3", "--methods", "chain")).AssertBadInput("holds the results of other options");
        JsonNode whole = JsonNode.Parse(File.ReadAllText(Path.Combine(folder.Path, "compare.json")))!;
        whole["step_costs"]!.AsArray().RemoveAt(1);
        folder.Write("compare.json", whole.ToJsonString());
        SequoiaProcess.Run(Arguments(folder, "--temperatures", "0", "--sizes", "2", "--methods", "chain")).AssertBadInput("step_costs: lacks a tree");
        folder.Write("compare.json", "{}");
        SequoiaProcess.Run(Arguments(folder, "--temperatures", "0")).AssertBadInput("is no result of compare");
    }

    [TestCase("--sizes", "8,x", "--sizes 8,x: 'x' must be a whole number from 1 to 65536")]
    [TestCase("--sizes", "0", "'0' must be a whole number from 1 to 65536")]
    [TestCase("--sizes", "65537", "'65537' must be a whole number from 1 to 65536")]
    [TestCase("--sizes", "8,8", "8 comes twice")]
    [TestCase("--sizes", "513", "513 nodes are more than the target's context of 512")]
    [TestCase("--temperatures", "0.2,,1", "'' must be a number from 0 to 100")]
    [TestCase("--temperatures", "0,1e-9", "1e-9 is too near 0")]
    [TestCase("--temperatures", "nan", "'nan' must be a number from 0 to 100")]
    [TestCase("--methods", "sequoia,dense", "'dense' is not known; use some of sequoia,specinfer,topk,chain,chains")]
    [TestCase("--methods", "chain,chain", "one comes twice")]
    [TestCase("--top-p", "0", "must be above 0")]
    [TestCase("--max-prompts", "1", "must be a whole number from 2")]
    [TestCase("--output", "/proc/nowhere", "/proc/nowhere: cannot be made")]
    public void Bad_options_are_told_on_one_line(string option, string value, string message)
    {
        using var folder = new TemporaryFolder();
        string[] output = option == "--output" ? [] : ["--output", folder.Path];
        SequoiaProcess.Run(["compare", "--target", Model, "--draft", Model, "--prompts", folder.Write("p.jsonl", Prompts), option, value, .. output]).AssertBadInput(message);
    }

    [Test]
    public void Too_few_prompts_are_told_on_one_line()
    {
        using var folder = new TemporaryFolder();
        foreach ((string text, string message) in ((string, string)[])[("", "holds no prompts"), ("{\"prompt\":\"Once\"}", "has one prompt of use; two are needed")])
            SequoiaProcess.Run("compare", "--target", Model, "--draft", Model, "--output", folder.Path, "--prompts", folder.Write("p.jsonl", text)).AssertBadInput(message);
        SequoiaProcess.Run("compare", "--target", Model, "--prompts", "/nowhere").AssertBadInput("--draft: is missing");
    }

    private static SequoiaProcess Compare(TemporaryFolder folder, params string[] options) => SequoiaProcess.Run(Arguments(folder, options));

    // One thread: where others are at work, two would wait for each other at every operation of so small a model.
    private static string[] Arguments(TemporaryFolder folder, params string[] options) =>
        ["compare", "--target", Model, "--draft", Model, "--prompts", folder.Write("p.jsonl", Prompts), "--max-tokens", "24", "--threads", "1", "--output", folder.Path, .. options];

    private static (double[] Tokens, double[] Steps) Counts(JsonNode report, string method)
    {
        JsonNode[] runs = [.. report["runs"]!.AsArray().Where(run => run!["method"]!.GetValue<string>() == method).Select(run => run!)];
        return ([.. runs.Select(run => run["tokens"]!.GetValue<double>() + run["cut_off"]!.GetValue<double>())], [.. runs.Select(run => run["steps"]!.GetValue<double>())]);
    }

    private static string WithoutTimes(JsonNode report)
    {
        foreach (JsonNode? run in report["runs"]!.AsArray())
            run!.AsObject().Remove("seconds");
        return report["calibrations"]!.ToJsonString() + string.Join('\n', report["runs"]!.AsArray().Select(run => run!.ToJsonString()).Order());
    }
}
