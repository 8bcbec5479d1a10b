using System.Text.Json.Nodes;

namespace Sequoia.Cli.Tests;

public class MeasureHardwareTests
{
    private static string Model => SharedData.Path("stories260K", "hf");

    private static readonly string[] Quick = ["measure", "hardware", "--target", Model, "--draft", Model, "--sizes", "1,2,4", "--contexts", "16", "--seconds", "0.1"];

    [Test]
    public void Costs_are_printed_and_kept()
    {
        SequoiaProcess run = SequoiaProcess.Run([.. Quick, "--json"]);
        Assert.That(run.Status, Is.Zero, run.Notes);
        Assert.That(run.Json["contexts"]![0]!["target_seconds"]!.AsArray().Select(p => p!["rows"]!.GetValue<int>()), Is.EqualTo(new[] { 1, 2, 4 }));
        string file = run.Notes.Split("kept in ")[1].Trim();
        Assert.That(JsonNode.Parse(File.ReadAllText(file))!.ToJsonString(), Is.EqualTo(run.Json.ToJsonString()));
    }

    [Test]
    public void The_table_has_a_line_for_every_size() =>
        Assert.That(SequoiaProcess.Run(Quick).Out, Does.Contain("behind 16 tokens").And.Match(@"(?m)^ +4 .*\d$"));

    [TestCase("--sizes", "1,x", "--sizes 1,x: 'x' must be a whole number")]
    [TestCase("--sizes", "2,2", "--sizes 2,2: 2 comes twice")]
    [TestCase("--contexts", "600", "context 600: must be in 1..511")]
    [TestCase("--seconds", "0", "--seconds 0")]
    [TestCase("--device", "gpu", "device: gpu: is not known")]
    public void Bad_options_are_told_on_one_line(string option, string value, string message)
    {
        string[] others = [.. Quick.Chunk(2).Where(pair => pair[0] != option).SelectMany(pair => pair)];
        SequoiaProcess.Run([.. others, option, value]).AssertBadInput(message);
    }
}
