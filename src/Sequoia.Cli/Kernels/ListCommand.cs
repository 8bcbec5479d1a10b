using System.CommandLine;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Sequoia.Native;

namespace Sequoia.Cli.Kernels;

/// <summary>sequoia kernels list: the engine's own kernels, or the source of one as the start of a replacement.</summary>
internal static partial class ListCommand
{
    public static Command Create(Streams streams)
    {
        Option<string?> source = CheckedOption.Text("--source", "Print a kernel's source.", "NAME");
        var json = new Option<bool>("--json") { Description = "Print one JSON object." };
        var command = new Command("list", "List the engine's kernels, which `generate --kernel NAME=FILE.cu` replaces.") { source, json };
        command.SetAction(parsed =>
        {
            KernelSet set = KernelSet.Default;
            if (parsed.GetValue(source) is { } name)
                streams.Out.Write(set[name]);
            else if (parsed.GetValue(json))
                streams.Out.WriteLine(JsonText.Of(new JsonObject { ["kernels"] = new JsonArray([.. KernelSet.Names.Select(one => (JsonNode)new JsonObject { ["name"] = one, ["what"] = What(set[one]) })]) }));
            else
                streams.Out.Write(TextTable.Of([["kernel", "what it computes"], .. KernelSet.Names.Select(one => new[] { one, What(set[one]) })]));
            return ExitStatus.Done;
        });
        return command;
    }

    // A source begins with what it computes: the first sentence of its first paragraph. Neither a range (0 .. n) nor a product (a . b) ends one.
    private static string What(string source)
    {
        string comment = string.Join(' ', source.Split('\n').Select(line => line.Trim('/', ' ', '\r')).TakeWhile(line => line.Length > 0));
        return EndOfSentence().Match(comment) is { Success: true } end ? comment[..(end.Index + 1)] : comment + ".";
    }

    [GeneratedRegex(@"(?<=[^\s.])\.(?=\s|$)")]
    private static partial Regex EndOfSentence();
}
