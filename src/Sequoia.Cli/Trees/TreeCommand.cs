using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Sequoia.Native;

namespace Sequoia.Cli;

/// <summary>sequoia tree optimize: the best tree for an acceptance vector, and for the costs of the hardware if given.</summary>
internal static class TreeCommand
{
    // Above this a picture is unreadable, and an outline by levels is drawn.
    private const int MaxPictured = 128;

    public static Command Create(Streams streams) => new("tree", "Shapes of speculation trees.") { CreateOptimize(streams) };

    private static Command CreateOptimize(Streams streams)
    {
        Option<string> acceptance = CheckedOption.RequiredPath("--acceptance", "The acceptance vector: {\"p\":[p1,p2,...]}; - for standard input.", "FILE.json");
        var byDepth = new Option<bool>("--by-depth") { Description = "Use the file's \"by_depth\", [[p1,...],...]: a vector for each depth of the parent, the last one for all deeper ones too." };
        Option<int?> maxSize = CheckedOption.Number("--max-size", "The most nodes, root included.", 1, TokenTree.MaxSize);
        maxSize.Required = true;
        Option<int?> maxLevels = CheckedOption.Number("--max-levels", "The most levels, root included.", 1, TokenTree.MaxSize);
        Option<double?> draftCost = CheckedOption.Number("--draft-cost", "Time of one draft pass, in target tokens.", 0.0, 1e6);
        Option<string?> verifyCost = CheckedOption.Text("--verify-cost", "Times of target passes over n nodes, in target tokens; only these sizes are candidates.", "n:t,n:t,...");
        Option<string?> svg = CheckedOption.Path("--svg", "Also draw the tree into this file.", "FILE");
        var json = new Option<bool>("--json") { Description = "Print one JSON object." };
        var command = new Command("optimize", "Find the tree with the most expected tokens, or the fastest one if costs are given.")
        {
            acceptance, byDepth, maxSize, maxLevels, draftCost, verifyCost, json, svg,
        };
        command.SetAction(parsed =>
        {
            string file = StandardInput.PathFor(parsed.GetRequiredValue(acceptance), "--acceptance");
            AcceptanceByDepth p = parsed.GetValue(byDepth) ? AcceptanceByDepth.Load(file) : new AcceptanceByDepth(AcceptanceVector.Load(file));
            if (parsed.GetValue(svg) is { } drawing)
                OutputFile.RequireWritable(drawing);
            var search = new TreeSearch(p, parsed.GetValue(maxSize)!.Value, parsed.GetValue(maxLevels), parsed.GetValue(draftCost) ?? 0);
            TreeChoice choice = parsed.GetValue(verifyCost) is { } costs
                ? search.Fastest(VerifyCosts.Parse(costs), streams.Notes.WriteLine)
                : parsed.GetValue(draftCost) is null
                    ? search.Largest()
                    : throw new InvalidInputException("--draft-cost: needs --verify-cost n:t,n:t,... too; without it no speed can be foretold");
            if (parsed.GetValue(svg) is { } picture)
                OutputFile.Write(picture, TreeSvg.Draw(choice.Tree, OptimalTree.ReachedShares(choice.Tree, p), MaxPictured));
            streams.Out.WriteLine(parsed.GetValue(json) ? JsonText.Of(ToJson(choice)) : Describe(choice));
            return ExitStatus.Done;
        });
        return command;
    }

    private static JsonObject ToJson(TreeChoice choice) => new()
    {
        ["size"] = choice.Tree.Size,
        ["levels"] = choice.Tree.Levels,
        ["expected_tokens"] = choice.ExpectedTokens,
        ["speedup"] = choice.Speedup,
        ["parents"] = GenerationJson.List(choice.Tree.Parents.ToArray()),
    };

    private static string Describe(TreeChoice choice)
    {
        string speed = choice.Speedup is { } speedup ? string.Create(CultureInfo.InvariantCulture, $", {speedup:F3} times as fast as one token at a time") : "";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{choice.Tree.Size} nodes, {choice.Tree.Levels} levels, {choice.ExpectedTokens:F6} tokens per step expected{speed}\n{choice.Tree.Draw(maxPictured: MaxPictured)}");
    }
}
