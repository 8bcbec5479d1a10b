using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Sequoia.Native;

namespace Sequoia.Cli;

/// <summary>Acceptance that was measured, as a table and as the rest of acceptance.json.</summary>
internal static class AcceptanceReport
{
    // Deeper ranks are hardly ever accepted; the file has all of them.
    private const int RanksByDepth = 4;

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

    /// <summary>What stands beside "p": errors, steps and, if asked for, the depths.</summary>
    public static void AddTo(JsonObject json, AcceptanceMeasurement measured, bool byDepth)
    {
        json["steps"] = measured.Steps;
        json["standard_errors"] = List(measured.StandardErrors);
        if (!byDepth)
            return;
        json["by_depth"] = new JsonArray([.. measured.ByDepth.Select(p => List(p.Values.ToArray()))]);
        json["by_depth_steps"] = GenerationJson.List(measured.StepsByDepth);
    }

    public static JsonArray List(IEnumerable<double> numbers) => [.. numbers.Select(number => (JsonNode)number)];

    private static void AppendDepths(StringBuilder text, AcceptanceMeasurement measured)
    {
        int ranks = Math.Min(RanksByDepth, measured.Acceptance.Count);
        text.Append("\n\nin a row before  steps");
        for (int rank = 1; rank <= ranks; rank++)
            text.Append(CultureInfo.InvariantCulture, $"  child {rank}");
        text.Append("     any");
        for (int depth = 0; depth < measured.ByDepth.Count; depth++)
        {
            AcceptanceVector p = measured.ByDepth[depth];
            string orMore = depth == AcceptanceMeter.Depths - 1 ? " or more" : "";
            text.Append(CultureInfo.InvariantCulture, $"\n{depth + orMore,15}  {measured.StepsByDepth[depth],5}");
            for (int rank = 1; rank <= ranks; rank++)
                text.Append(CultureInfo.InvariantCulture, $"  {p[rank],7:P1}");
            text.Append(CultureInfo.InvariantCulture, $"  {p.Values.ToArray().Sum(),6:P1}");
        }
    }
}
