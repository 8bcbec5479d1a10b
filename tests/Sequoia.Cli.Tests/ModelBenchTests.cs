using System.Text.Json.Nodes;

namespace Sequoia.Cli.Tests;

/// <summary>sequoia bench, run as users do.</summary>
public class ModelBenchTests
{
    private static readonly string Draft = Path.Combine(Repository.Root, "models", "draft");

    [Test]
    public void The_bundled_model_is_timed_on_the_CPU_piece_by_piece()
    {
        SequoiaProcess run = SequoiaProcess.Run("bench", "--sizes", "1,4", "--contexts", "32", "--repeats", "3", "--soak", "2");
        Assert.That(run.Status, Is.Zero, run.Notes);
        Assert.That(run.Out, Does.Contain("target behind 32 tokens").And.Contain("| gate and up").And.Contain("| commit").And.Contain("of reading"));
        Assert.That(run.Out, Does.Contain("soak: 2 passes of 4 rows").And.Contain("has the same bits"));
    }

    [Test]
    public void A_shape_needs_no_files()
    {
        SequoiaProcess run = SequoiaProcess.Run("bench", "--shape", "68m", "--draft-shape", "68m", "--sizes", "1,3", "--contexts", "16", "--repeats", "1", "--json");
        Assert.That(run.Status, Is.Zero, run.Notes);
        JsonNode pass = run.Json["target"]!["passes"]![1]!;
        double median = pass["times"]!["median"]!.GetValue<double>();
        Assert.Multiple(() =>
        {
            Assert.That((pass["context"]!.GetValue<int>(), pass["rows"]!.GetValue<int>()), Is.EqualTo((16, 3)));
            Assert.That(median, Is.InRange(pass["times"]!["least"]!.GetValue<double>(), pass["times"]!["most"]!.GetValue<double>()));
            // 38 M weights of BF16 in matrices, and the embedding's rows.
            Assert.That(pass["floor_bytes"]!.GetValue<double>(), Is.InRange(2 * 43e6, 2 * 45e6));
            Assert.That(run.Json["read_bytes_per_second"]!.GetValue<double>(), Is.Positive);
            Assert.That(run.Json["steps"]!.AsArray().Select(step => step!["tree_size"]!.GetValue<int>()), Is.EqualTo(new[] { 1, 3 }));
            Assert.That(run.Json["predicted_for"], Is.Null);
        });
    }

    [Test]
    public void Work_is_counted_and_not_timed_on_the_software_GPU()
    {
        _ = NeededLibraries.Compiler();
        // More rows than a node may have children.
        SequoiaProcess run = SequoiaProcess.Run("bench", "--shape", "68m", "--device", "software", "--sizes", "1,520", "--contexts", "70");
        Assert.That(run.Status, Is.Zero, run.Notes);
        Assert.That(run.Notes, Does.Contain("nothing is timed").And.Not.Contain("\nsequoia: "), "said once");
        Assert.That(run.Out, Does.Contain("counts, no times").And.Contain("1 of 2 layers ran").And.Not.Contain("ms").And.Not.Contain("/s"));
    }

    [Test]
    public void Counts_are_those_of_all_layers_and_never_below_the_floor()
    {
        _ = NeededLibraries.Compiler();
        SequoiaProcess run = SequoiaProcess.Run("bench", "--shape", "68m", "--device", "software", "--sizes", "1", "--contexts", "100", "--json");
        Assert.That(run.Status, Is.Zero, run.Notes);
        JsonNode[] pieces = [.. run.Json["target"]!["passes"]![0]!["pieces"]!.AsArray().Select(piece => piece!)];
        Assert.Multiple(() =>
        {
            foreach (JsonNode piece in pieces.Where(piece => piece["name"]!.GetValue<string>() is "qkv" or "o" or "gate and up" or "down" or "head"))
            {
                double floor = piece["floor_bytes"]!.GetValue<double>(), moved = piece["counts"]!["memory_bytes"]!.GetValue<double>();
                Assert.That(moved / floor, Is.InRange(0.99, 1.05), $"{piece["name"]}: a weight is read once");
            }
            Assert.That(Launches(pieces, "attend"), Is.EqualTo(2), "one in each of two layers");
            Assert.That(pieces, Has.All.Matches<JsonNode>(piece => piece!["times"] is null && piece["predicted_seconds"] is null));
        });
    }

    private static double Launches(JsonNode[] pieces, string name) =>
        Array.Find(pieces, piece => piece["name"]!.GetValue<string>() == name)!["counts"]!["launches"]!.GetValue<double>();

    [Test]
    public void Predictions_are_called_so()
    {
        _ = NeededLibraries.Compiler();
        using var folder = new TemporaryFolder();
        string chart = Path.Combine(folder.Path, "passes.svg");
        string[] arguments =
        [
            "bench", "--shape", "tinyllama", "--draft-shape", "68m", "--device", "software", "--project", "h200", "--sizes", "1,4", "--contexts", "32",
            "--acceptance", Path.Combine(Draft, "acceptance.json"), "--chart", chart,
        ];
        SequoiaProcess text = SequoiaProcess.Run(arguments);
        Assert.That(text.Status, Is.Zero, text.Notes);
        Assert.That(text.Out, Does.Contain("predicted from the counts for NVIDIA H200, not measured").And.Contain("predicted behind 32 tokens on NVIDIA H200"));
        Assert.That(File.ReadAllText(chart), Does.Contain("<svg").And.Contain("predicted for NVIDIA H200"));
        JsonNode json = SequoiaProcess.Run([.. arguments, "--json"]).Json;
        JsonNode pass = json["target"]!["passes"]![1]!, tree = json["predicted_trees"]![0]!;
        Assert.Multiple(() =>
        {
            Assert.That(pass["predicted_seconds"]!.GetValue<double>(), Is.InRange(0.4e-3, 2e-3), "1.1 B weights at about 4 TB/s, and 180 launches");
            Assert.That(pass["times"], Is.Null);
            Assert.That(tree["speedup"]!.GetValue<double>(), Is.GreaterThan(1.03));
            Assert.That(tree["size"]!.GetValue<int>(), Is.InRange(2, 4));
            Assert.That(json["steps"]!.AsArray(), Is.Empty);
        });
    }

    [Test]
    public void It_is_interrupted_at_once()
    {
        _ = NeededLibraries.Compiler();
        SequoiaProcess run = SequoiaProcess.InterruptWaiting(TimeSpan.FromSeconds(3), "INT", "bench", "--shape", "llama2-7b", "--device", "software", "--sizes", "64");
        Assert.That((run.Status, run.Out), Is.EqualTo((130, "")));
    }

    [Test]
    public void A_shape_that_does_not_fit_is_refused_before_anything_is_made()
    {
        SequoiaProcess run = SequoiaProcess.RunWhere("DOTNET_GCHeapHardLimit", "0x30000000", "bench", "--shape", "llama2-7b");
        run.AssertBadInput("--shape llama2-7b: needs 13.7 GB of memory and 0.");
        Assert.That(run.Notes, Does.Contain(" would fit").And.Not.Contain("tinyllama"));
    }

    [TestCase("--shape gpt2: is not one of llama2-7b, ", "--shape", "gpt2")]
    [TestCase("--draft-shape 7m: is not one of llama2-7b, ", "--draft-shape", "7m")]
    [TestCase("--shape: leave out --model", "--shape", "68m", "--model", "x")]
    [TestCase("--project b200: is not one of h200, ", "--project", "b200", "--device", "software")]
    [TestCase("--project: needs --device software", "--project", "h200")]
    [TestCase("--acceptance: needs --draft-shape too", "--acceptance", "x.json")]
    [TestCase("x.json: ", "--acceptance", "x.json", "--draft-shape", "68m")]
    [TestCase("--acceptance: the software GPU has no times", "--acceptance", "x.json", "--draft-shape", "68m", "--device", "software")]
    [TestCase("--chart: the software GPU has no times", "--chart", "x.svg", "--device", "software")]
    [TestCase("/no/such/folder/x.svg: cannot be written", "--chart", "/no/such/folder/x.svg")]
    [TestCase("--contexts 2000: with 128 rows is more than the 2048 positions of 68m", "--shape", "68m", "--contexts", "2000")]
    [TestCase("--contexts 120000: with 64 rows would take the software GPU hours; at most 16384 tokens", "--shape", "1b", "--contexts", "120000", "--device", "software")]
    [TestCase("--sizes 0: '0' must be a whole number from 1", "--sizes", "0")]
    [TestCase("device: tpu: is not known", "--device", "tpu")]
    [TestCase("no such folder", "--model", "/no/such/folder")]
    public void Mistakes_are_told_in_one_line(string message, params string[] arguments) => SequoiaProcess.Run(["bench", .. arguments]).AssertBadInput(message);
}
