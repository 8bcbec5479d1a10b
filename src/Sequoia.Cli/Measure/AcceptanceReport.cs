using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Sequoia.Native;

namespace Sequoia.Cli;

/// <summary>Measured acceptance, as a table and as the metadata of acceptance.json.</summary>
internal static class AcceptanceReport
{
    // Deeper ranks are hardly ever accepted; the file has all of them.
    private const int RanksByDepth = 4;

    // Acceptance by depth depends on the tree: this is the size of the optimal tree whose steps are counted.
    private const int TreeSize = 64;

    public static string Table(AcceptanceMeasurement measured, bool byDepth)
    {
        double sum = 0;
        var text = new StringBuilder("child  accepted  std. error  so far");
        for (int rank = 1; rank <= measured.Acceptance.Count; rank++)
        {
            double p = measured.Acceptance[rank];
            sum += p;
            if (p > 0)
                text.Append(CultureInfo.InvariantCulture, $"\n{rank,5}  {p,8:P2}  {measured.StandardErrors[rank - 1],10:P2}  {sum,6:P1}");
        }
        if (byDepth)
            AppendDepths(text, measured);
        return text.ToString();
    }

    /// <summary>The metadata next to "p": errors, steps and, if requested, the depths.</summary>
    public static void AddTo(JsonObject json, AcceptanceMeasurement measured, bool byDepth)
    {
        json["steps"] = measured.Steps;
        json["standard_errors"] = List(measured.StandardErrors);
        if (!byDepth)
            return;
        TokenTree tree = Tree(measured);
        var depths = measured.ByDepth(tree);
        json["by_depth"] = new JsonArray([.. depths.Select(depth => List(depth.Acceptance.Values.ToArray()))]);
        json["by_depth_steps"] = GenerationJson.List(depths.Select(depth => depth.Steps));
        json["by_depth_tree"] = GenerationJson.List(tree.Parents.ToArray());
    }

    public static JsonArray List(IEnumerable<double> numbers) => [.. numbers.Select(number => (JsonNode)number)];

    private static TokenTree Tree(AcceptanceMeasurement measured) => OptimalTree.Build(measured.Acceptance, TreeSize);

    private static void AppendDepths(StringBuilder text, AcceptanceMeasurement measured)
    {
        int ranks = Math.Min(RanksByDepth, measured.Acceptance.Count);
        TokenTree tree = Tree(measured);
        text.Append(CultureInfo.InvariantCulture,
            $"\n\nIn steps of the optimal tree of {tree.Size} nodes: {measured.ExpectedTokens(tree):F2} tokens per step; {OptimalTree.ExpectedTokens(tree, measured.Acceptance):F2} if depth did not matter\n");
        text.Append("depth  steps");
        for (int rank = 1; rank <= ranks; rank++)
            text.Append(CultureInfo.InvariantCulture, $"  child {rank}");
        text.Append("     any");
        int level = 0;
        foreach ((AcceptanceVector p, int steps) in measured.ByDepth(tree))
        {
            text.Append(CultureInfo.InvariantCulture, $"\n{level++,5}  {steps,5}");
            for (int rank = 1; rank <= ranks; rank++)
                text.Append(CultureInfo.InvariantCulture, $"  {p[rank],7:P1}");
            text.Append(CultureInfo.InvariantCulture, $"  {p.Values.ToArray().Sum(),6:P1}");
        }
    }
}
