using Sequoia.Native;

namespace Sequoia.Cli.Compare;

/// <summary>Summarises runs as rows of the tables.</summary>
internal static class CompareSummary
{
    public static List<SummaryRow> Of(CompareReport report)
    {
        var rows = new List<SummaryRow>();
        foreach (IGrouping<(float Temperature, int Size), TestRun> block in report.Runs.GroupBy(run => (run.Temperature, run.Size)).OrderBy(block => block.Key))
        {
            // Runs are added prompt by prompt, for all methods at once, so that the lists of all methods are aligned.
            ILookup<string, TestRun> runs = block.ToLookup(run => run.Method);
            rows.Add(Row(report, runs, ComparedMethod.Autoregressive, TokenTree.Root, 1, new Estimate(1, null)));
            foreach (ComparedMethod method in ComparedMethod.All.Where(method => runs.Contains(method.Name)))
            {
                AcceptanceMeasurement measured = Acceptance(report, block.Key.Temperature, method);
                TokenTree tree = method.Shape(measured.Acceptance, block.Key.Size);
                rows.Add(Row(report, runs, method.Name, tree, OptimalTree.ExpectedTokens(tree, measured.Acceptance), Predict(measured, tree)));
            }
        }
        return rows;
    }

    /// <summary>The method's calibration.</summary>
    public static AcceptanceMeasurement Acceptance(CompareReport report, float temperature, ComparedMethod method)
    {
        Calibration calibration = report.Calibrations.First(c => c.Temperature == temperature && c.Verifier == method.Verifier.ToString());
        return new AcceptanceMeasurement(calibration.P.Length, calibration.Ranks);
    }

    private static Estimate Predict(AcceptanceMeasurement measured, TokenTree tree) => Estimate.Jackknife(
        measured.ExpectedTokens(tree),
        [.. Enumerable.Range(0, measured.Ranks.Count > 1 ? measured.Ranks.Count : 0).Select(left =>
            new AcceptanceMeasurement(measured.Width, [.. measured.Ranks.Where((_, prompt) => prompt != left)]).ExpectedTokens(tree))]);

    private static SummaryRow Row(CompareReport report, ILookup<string, TestRun> runs, string method, TokenTree tree, double formula, Estimate predicted)
    {
        TestRun[] own = [.. runs[method]], plain = [.. runs[ComparedMethod.Autoregressive]];
        string sequoia = ComparedMethod.All[0].Name;
        double? cost = report.StepCosts.FirstOrDefault(c => (c.Temperature, c.Size, c.Method) == (own[0].Temperature, own[0].Size, method))?.Cost;
        bool isTimed = own.Concat(plain).All(run => run.Seconds is not null);
        return new SummaryRow(
            own[0].Temperature, own[0].Size, method, tree.Size, tree.Levels, own.Length, formula, predicted,
            Estimate.Ratio(TokensAndSteps(own)),
            isTimed ? Estimate.Ratio([.. own.Select(run => (run.Seconds!.Value, (double)run.Tokens))]) : null,
            predicted.Value / cost,
            isTimed ? Estimate.GeometricMean([.. own.Zip(plain, (run, alone) => alone.Seconds!.Value / alone.Tokens / (run.Seconds!.Value / run.Tokens))]) : null,
            method == sequoia || !report.Options.Methods.Contains(sequoia) ? null : Estimate.Difference(TokensAndSteps([.. runs[sequoia]]), TokensAndSteps(own)));
    }

    // Includes the tokens that the last step committed beyond the end: without them, every text would seem to end in a bad step.
    private static (double Top, double Bottom)[] TokensAndSteps(TestRun[] runs) => [.. runs.Select(run => ((double)(run.Tokens + run.CutOff), (double)run.Steps))];
}
