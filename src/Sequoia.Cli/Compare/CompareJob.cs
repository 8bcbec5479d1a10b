using Sequoia.Native;

namespace Sequoia.Cli.Compare;

/// <summary>Measures acceptance on the first prompts and runs every method on the others. Results are stored after each prompt.</summary>
internal sealed class CompareJob(CompareReport report, CompareFile file, LanguageModel target, LanguageModel draft, IReadOnlyList<string> prompts, CancellationToken cancellation)
{
    // For the progress bar, in tree nodes per prompt: the fixed cost of a run, and the cost of measuring acceptance on a prompt.
    private const double RunOverhead = 8, CalibrationWeight = 8;

    private readonly ComparedMethod[] _methods = [.. ComparedMethod.All.Where(method => report.Options.Methods.Contains(method.Name))];

    private HardwareCosts? _costs;

    private SpeculationMethod[] Verifiers => [.. _methods.Select(method => method.Verifier).Distinct()];

    /// <summary>The total amount of work, in the unit of progress reports.</summary>
    public double Amount => report.Options.Temperatures.Count
        * ((Verifiers.Length * CalibrationWeight * report.CalibrationPrompts) + (report.TestPrompts * report.Options.Sizes.Sum(size => size + RunOverhead)));

    /// <summary>Runs what the report lacks; returns whether it is complete, that is, was not cancelled.</summary>
    public async Task<bool> RunAsync(Action<double> progress)
    {
        double done = 0;
        try
        {
            foreach (float temperature in report.Options.Temperatures)
            {
                foreach (SpeculationMethod verifier in Verifiers)
                {
                    await CalibrateAsync(temperature, verifier, new Counter<int>(prompts => progress(done + (CalibrationWeight * prompts))));
                    progress(done += CalibrationWeight * report.CalibrationPrompts);
                }
                foreach (int size in report.Options.Sizes)
                    await TestAsync(temperature, size, () => progress(done += size + RunOverhead));
            }
            return true;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return false;
        }
    }

    private async Task CalibrateAsync(float temperature, SpeculationMethod verifier, IProgress<int> progress)
    {
        if (report.Calibrations.Any(c => c.Temperature == temperature && c.Verifier == verifier.ToString()))
            return;
        string[] calibration = [.. prompts.Take(report.CalibrationPrompts)];
        AcceptanceMeasurement measured = await Task.Run(
            () => AcceptanceMeter.Measure(target, draft, calibration, Options(temperature, 0), verifier, progress, cancellation), cancellation);
        report.Calibrations.Add(new Calibration(
            temperature, verifier.ToString(), measured.Steps, measured.Acceptance.Values.ToArray(), measured.StandardErrors, measured.Ranks));
        file.Save(report);
    }

    private async Task TestAsync(float temperature, int size, Action promptDone)
    {
        var generators = new List<(string Method, TextGenerator Generator)>();
        try
        {
            for (int prompt = report.CalibrationPrompts; prompt < prompts.Count; prompt++)
            {
                if (!report.Runs.Any(run => run.Temperature == temperature && run.Size == size && run.Prompt == prompt))
                {
                    if (generators.Count == 0)
                        await FillAsync(generators, temperature, size, prompts[prompt]);
                    report.Runs.AddRange(await AllAsync(generators, temperature, size, prompt));
                    file.Save(report);
                }
                promptDone();
            }
        }
        finally
        {
            generators.ForEach(pair => pair.Generator.Dispose());
        }
    }

    private async Task FillAsync(List<(string Method, TextGenerator Generator)> generators, float temperature, int size, string prompt)
    {
        HardwareCosts? costs = target.HasTimes ? _costs ??= await Task.Run(MeasureCosts, cancellation) : null;
        int context = AutoTree.UsualContext(target, draft);
        report.StepCosts.RemoveAll(cost => cost.Temperature == temperature && cost.Size == size);
        if (costs is not null)
            report.StepCosts.Add(new StepCost(temperature, size, ComparedMethod.Autoregressive, 1));
        generators.Add((ComparedMethod.Autoregressive, new TextGenerator(target, null, TreePolicy.None)));
        foreach (ComparedMethod method in _methods)
        {
            AcceptanceVector acceptance = CompareSummary.Acceptance(report, temperature, method).Acceptance;
            TokenTree tree = method.Shape(acceptance, size);
            if (costs is not null)
            {
                double seconds = costs.StepSeconds(tree, OptimalTree.ExpectedTokens(tree, acceptance), context);
                report.StepCosts.Add(new StepCost(temperature, size, method.Name, seconds / costs.PlainSeconds(context)));
            }
            generators.Add((method.Name, new TextGenerator(target, draft, TreePolicy.FromTree(tree), method.Verifier)));
        }
        foreach ((_, TextGenerator generator) in costs is null ? [] : generators)
            await Generated.WarmUpAsync(generator, prompt, Options(temperature, 0), cancellation);
    }

    private HardwareCosts MeasureCosts()
    {
        int largest = report.Options.Sizes[^1];
        int[] sizes = [.. new HardwareMeterOptions().Sizes.Where(size => size < largest), .. report.Options.Sizes.Where(size => size > 128), largest];
        var options = new HardwareMeterOptions { Sizes = [.. sizes.Distinct().Order()], Contexts = [AutoTree.UsualContext(target, draft)] };
        return HardwareMeter.Measure(target, draft, options, null, cancellation);
    }

    /// <summary>Runs one prompt with all methods. Each method runs first equally often, since the first run has other cache contents than the last.</summary>
    private async Task<List<TestRun>> AllAsync(List<(string Method, TextGenerator Generator)> generators, float temperature, int size, int prompt)
    {
        var runs = new List<TestRun>();
        for (int i = 0; i < generators.Count; i++)
        {
            (string method, TextGenerator generator) = generators[(prompt + i) % generators.Count];
            GenerationStats stats = (await Generated.RunAsync(generator, prompts[prompt], Options(temperature, prompt), _ => { }, cancellation)).Stats;
            cancellation.ThrowIfCancellationRequested();
            runs.Add(new TestRun(temperature, size, method, prompt, stats.TokenCount, stats.CutOff, stats.Steps, stats.HasTimes ? stats.DecodeTime.TotalSeconds : null));
        }
        return runs;
    }

    private GenerationOptions Options(float temperature, int prompt) => new()
    {
        Temperature = temperature,
        TopP = report.Options.TopP,
        MaxTokens = report.Options.MaxTokens,
        Seed = report.Options.Seed + (ulong)prompt,
    };
}
