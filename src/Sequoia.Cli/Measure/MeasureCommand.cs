using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Sequoia.Native;

namespace Sequoia.Cli;

/// <summary>sequoia measure acceptance: counts which of the draft's guesses the target accepts, and stores the result.</summary>
internal sealed class MeasureCommand
{
    private readonly PairOptions _pair = new();
    private readonly Option<string> _prompts = PromptsFile.Option();
    private readonly Option<int?> _maxPrompts = CheckedOption.Number("--max-prompts", "The most prompts to use. Default: 200.", 1, int.MaxValue);
    private readonly Option<float?> _temperature = SamplingOption.Temperature();
    private readonly Option<float?> _topP = SamplingOption.TopP();
    private readonly Option<int?> _topK = SamplingOption.TopK();
    private readonly Option<int?> _maxTokens = CheckedOption.Number("--max-tokens", "The most tokens for each prompt. Default: 128.", 1, int.MaxValue);
    private readonly Option<ulong?> _seed = CheckedOption.Number("--seed", "Default: 0.", 0UL, ulong.MaxValue);
    private readonly Option<bool> _byDepth = new("--by-depth") { Description = "Also show acceptance by depth, as the optimal tree of 64 nodes meets it." };
    private readonly Option<string?> _output = CheckedOption.Path("--output", "Where to keep the vector. Default: acceptance.json in the draft's folder, where generate finds it. A vector from more steps that is there is kept as FILE.json.old.", "FILE.json");
    private readonly Option<bool> _json = new("--json") { Description = "Print what is kept as one JSON object." };

    public static Command Create(Streams streams)
    {
        var self = new MeasureCommand();
        var acceptance = new Command("acceptance", "Measure the acceptance vector of a pair, from which optimal trees are made.")
        {
            self._pair.Target, self._pair.Draft, self._prompts, self._maxPrompts, self._temperature, self._topP, self._topK, self._maxTokens, self._seed,
            self._byDepth, self._pair.Device, self._pair.Threads, self._output, self._json,
        };
        acceptance.SetAction((parsed, cancellation) => self.RunAsync(parsed, streams, cancellation));
        return new Command("measure", "Measure what the best tree depends on.") { acceptance, MeasureHardwareCommand.Create(streams) };
    }

    private async Task<int> RunAsync(ParseResult parsed, Streams streams, CancellationToken cancellation)
    {
        (string targetFolder, string draftFolder) = _pair.BothFolders(parsed);
        GenerationOptions options = Options(parsed);
        string promptsFile = parsed.GetRequiredValue(_prompts);
        var asked = PromptsFile.Read(promptsFile);
        string file = parsed.GetValue(_output) ?? AcceptanceVector.FileOf(draftFolder);
        OutputFile.RequireWritable(file);
        using LanguageModel target = await ModelPair.LoadModelAsync(targetFolder, _pair.Loading(parsed), streams, cancellation);
        using LanguageModel draft = await ModelPair.LoadModelAsync(draftFolder, _pair.Loading(parsed), streams, cancellation);
        List<string> prompts = asked.Fitting(target, parsed.GetValue(_maxPrompts) ?? 200);

        AcceptanceMeasurement measured = await WorkProgress.RunAsync(streams, "Measuring", prompts.Count, done => Task.Run(
            () => AcceptanceMeter.Measure(target, draft, prompts, options, SpeculationMethod.Sequoia, new Counter<int>(count => done(count)), cancellation), CancellationToken.None));
        bool byDepth = parsed.GetValue(_byDepth);
        var provenance = new JsonObject
        {
            ["target"] = ModelIdentity.Name(target.Folder),
            ["target_sha256"] = ModelIdentity.Digests(target.Folder),
            ["draft"] = ModelIdentity.Name(draft.Folder),
            ["draft_sha256"] = ModelIdentity.Digests(draft.Folder),
            ["temperature"] = options.Temperature,
            ["top_p"] = options.TopP,
            ["top_k"] = options.TopK,
            ["seed"] = options.Seed,
            ["prompts_file"] = Path.GetFileName(promptsFile),
            ["prompts"] = prompts.Count,
            ["max_tokens"] = options.MaxTokens,
            ["date"] = DateTime.UtcNow.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        };
        AcceptanceReport.AddTo(provenance, measured, byDepth);
        // Shown first, then stored: a disk that is now full must not cost the measurement.
        await streams.Out.WriteLineAsync(parsed.GetValue(_json) ? Json(measured.Acceptance, provenance) : AcceptanceReport.Table(measured, byDepth));
        if (EarlierMeasurement.Replace(file, measured) is { } warning)
            await streams.Notes.WriteLineAsync($"sequoia: {warning}");
        measured.Acceptance.Save(file, provenance);
        await streams.Notes.WriteLineAsync($"sequoia: {measured.Steps} steps over {prompts.Count} of {asked.Prompts.Count} prompts; kept in {file}");
        return ExitStatus.Done;
    }

    private GenerationOptions Options(ParseResult parsed) => new()
    {
        Temperature = parsed.GetValue(_temperature) ?? new GenerationOptions().Temperature,
        TopP = SamplingOption.TopPOf(parsed, _topP),
        TopK = parsed.GetValue(_topK) ?? 0,
        MaxTokens = parsed.GetValue(_maxTokens) ?? 128,
        Seed = parsed.GetValue(_seed) ?? 0,
    };

    private static string Json(AcceptanceVector p, JsonObject provenance)
    {
        JsonObject json = provenance.DeepClone().AsObject();
        json.Insert(0, "p", AcceptanceReport.List(p.Values.ToArray()));
        return JsonText.Of(json);
    }
}
