using System.CommandLine;
using System.Globalization;
using Sequoia.Cli.Offload;
using Sequoia.Native;
using Sequoia.Native.Backends.Streaming;
using Sequoia.Native.Models;

namespace Sequoia.Cli.Compare;

/// <summary>sequoia compare: the paper's methods side by side, in one engine and one process.</summary>
internal sealed class CompareCommand
{
    private readonly PairOptions _pair = new();
    private readonly Option<string?> _prompts = PromptsFile.OptionalOption();
    private readonly Option<float[]> _temperatures = SamplingOption.Temperatures("Default: 0.2,0.6,1.");
    private readonly Option<float?> _topP = SamplingOption.TopP();
    private readonly Option<int[]> _sizes = CheckedOption.Numbers("--sizes", "Sizes of the trees, roots included. Default: 8,16,32,64,128.", "N,N,...", 1, TokenTree.MaxSize);
    private readonly Option<string?> _methods = CheckedOption.Text(
        "--methods", $"Some of {string.Join(',', ComparedMethod.All.Select(method => method.Name))}. Default: all; one token at a time is always among them. With --offload: {string.Join(',', OffloadJob.Names)}.", "NAME,NAME,...");

    private readonly Option<int?> _maxTokens = CheckedOption.Number("--max-tokens", "The most tokens for each prompt. Default: 128.", 1, int.MaxValue);
    private readonly Option<int?> _maxPrompts = CheckedOption.Number("--max-prompts", "The most prompts to use; the first half measures acceptance, the rest the methods. Default: 100.", 2, int.MaxValue);
    private readonly Option<ulong?> _seed = CheckedOption.Number("--seed", "Default: 0.", 0UL, ulong.MaxValue);
    private readonly Option<string?> _output = CheckedOption.Path("--output", "The folder for compare.json and the charts; an unfinished comparison there is continued. Default: compare.", "DIR");
    private readonly Option<bool> _json = new("--json") { Description = "Print the results' JSON instead of tables." };
    private readonly Option<bool> _offload = new("--offload") { Description = "Compare ways to decode with weights that do not fit memory: other systems' and ours, one token at a time, and ours with trees." };
    private readonly Option<long?> _linkLimit = CheckedOption.Size("--link-limit", "With --offload: read at most so many bytes a second, as from a slower disk.");
    private readonly Option<string?> _demo = CheckedOption.Path("--demo", "With --offload: the folder of a demonstration pair, which is written if it is not there (after asking; sequoia demo-models removes it).", "DIR");
    private readonly Option<string?> _demoSize = CheckedOption.Text("--demo-size", "1b (2.6 GB) or 13b (26 GB). Default: 1b.", "SIZE");
    private readonly Option<bool> _yes = new("--yes") { Description = "Write the demonstration pair without asking." };
    private readonly Option<int?> _steps = CheckedOption.Number("--steps", "With --offload: the steps to measure for each tree. Default: 12.", 1, 10_000);

    public static Command Create(Streams streams)
    {
        var self = new CompareCommand();
        var command = new Command("compare", "Compare Sequoia with other ways to speculate, and all with one token at a time.")
        {
            self._prompts, self._pair.Target, self._pair.Draft, self._temperatures, self._topP, self._sizes, self._methods, self._maxTokens,
            self._maxPrompts, self._seed, self._pair.Device, self._pair.Threads, self._output, self._json, self._offload, self._pair.Memory, self._linkLimit, self._steps,
            self._demo, self._demoSize, self._yes,
        };
        command.SetAction((parsed, cancellation) => self.RunAsync(parsed, streams, cancellation));
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, Streams streams, CancellationToken cancellation)
    {
        if (parsed.GetValue(_offload))
            return await OffloadAsync(parsed, streams, cancellation);
        foreach (Option option in (Option[])[_pair.Memory, _linkLimit, _steps, _demo, _demoSize, _yes])
        {
            if (parsed.GetResult(option) is { Implicit: false })
                throw new InvalidInputException($"{option.Name}: belongs to --offload");
        }
        ComparedMethod[] methods = parsed.GetValue(_methods) is { } names ? ComparedMethod.Parse(names) : [.. ComparedMethod.All];
        (string targetFolder, string draftFolder) = _pair.BothFolders(parsed);
        string promptsFile = parsed.GetValue(_prompts) ?? throw new InvalidInputException("--prompts: is missing; name a file of prompts");
        float topP = SamplingOption.TopPOf(parsed, _topP);
        var file = PromptsFile.Read(promptsFile);
        using LanguageModel target = await ModelPair.LoadModelAsync(targetFolder, _pair.Loading(parsed), streams, cancellation);
        using LanguageModel draft = await ModelPair.LoadModelAsync(draftFolder, _pair.Loading(parsed), streams, cancellation);
        var options = new CompareOptions
        {
            Target = ModelIdentity.Name(target.Folder),
            TargetSha256 = ModelIdentity.Digests(target.Folder),
            Draft = ModelIdentity.Name(draft.Folder),
            DraftSha256 = ModelIdentity.Digests(draft.Folder),
            PromptsFile = Path.GetFileName(promptsFile),
            PromptsSha256 = file.Sha256,
            Temperatures = parsed.GetValue(_temperatures) is { Length: > 0 } temperatures ? temperatures : [0.2f, 0.6f, 1],
            TopP = topP,
            Sizes = Sizes(parsed, target),
            Methods = [.. methods.Select(method => method.Name)],
            MaxTokens = parsed.GetValue(_maxTokens) ?? 128,
            MaxPrompts = parsed.GetValue(_maxPrompts) ?? 100,
            Seed = parsed.GetValue(_seed) ?? 0,
            Device = target.Device,
        };
        List<string> prompts = file.Fitting(target, options.MaxPrompts);
        if (prompts.Count < 2)
            throw new InvalidInputException($"{file.Name}: has one prompt of use; two are needed, one to measure acceptance and one to compare");

        string folder = parsed.GetValue(_output) ?? "compare";
        var results = new CompareFile(folder);
        CompareReport report = results.Load(options) ?? new CompareReport
        {
            Options = options,
            CalibrationPrompts = prompts.Count / 2,
            TestPrompts = prompts.Count - (prompts.Count / 2),
        };
        if (report.Calibrations.Count > 0)
            await streams.Notes.WriteLineAsync($"sequoia: going on with the {report.Runs.Count} runs of {Path.Combine(folder, "compare.json")}");
        // Checked first: a folder that cannot be written to must not cost the measurement.
        OutputFile.MakeFolder(folder);
        results.Save(report);
        var job = new CompareJob(report, results, target, draft, prompts, cancellation);
        bool complete = await WorkProgress.RunAsync(streams, "Comparing", job.Amount, job.RunAsync);

        report = report with { Summary = CompareSummary.Of(report) };
        results.Save(report);
        if (parsed.GetValue(_json))
            await streams.Out.WriteLineAsync(CompareFile.Text(report));
        else
            await streams.Out.WriteLineAsync(CompareTables.Of(report));
        CompareCharts.Write(report, folder);
        await streams.Notes.WriteLineAsync($"sequoia: {(complete ? "kept" : "cut short; what was done is kept")} in {folder}");
        return complete ? ExitStatus.Done : ExitStatus.Cancelled;
    }

    private async Task<int> OffloadAsync(ParseResult parsed, Streams streams, CancellationToken cancellation)
    {
        foreach (Option option in (Option[])[_prompts, _topP, _maxTokens, _maxPrompts])
        {
            if (parsed.GetResult(option) is { Implicit: false })
                throw new InvalidInputException($"{option.Name}: does not belong to --offload");
        }
        LoadOptions loading = _pair.Loading(parsed);
        if (loading.Device is not ("auto" or "cpu"))
            throw new InvalidInputException($"--device {loading.Device}: --offload streams weights to the CPU only");
        IReadOnlyList<string> ways = Ways(parsed.GetValue(_methods));
        if (parsed.GetValue(_methods) is not null && ways.Contains(OffloadJob.Mapped) && parsed.GetValue(_linkLimit) is not null)
            throw new InvalidInputException("--methods mapped: the system reads a mapped file, and --link-limit does not slow it down; leave one of them out");
        if (await OffloadPairAsync(parsed, streams, cancellation) is not (string target, string draft))
            return ExitStatus.Cancelled;
        var settings = new OffloadSettings(
            target, draft, LlamaConfig.Read(Path.Combine(target, "config.json")).HiddenSize, loading, loading.Memory ?? MemoryBudget.Free() + MemoryBudget.Held(),
            parsed.GetValue(_linkLimit), ways, parsed.GetValue(_temperatures) is { Length: > 0 } temperatures ? temperatures : [0.6f, 0],
            [TreePolicy.Auto, .. (parsed.GetValue(_sizes) ?? []).Select(size => TreePolicy.Parse(string.Create(CultureInfo.InvariantCulture, $"optimal:{size}")))],
            parsed.GetValue(_steps) ?? 12, "Once upon a time", parsed.GetValue(_seed) ?? 0);
        string folder = parsed.GetValue(_output) ?? "compare", file = Path.Combine(folder, "offload.json");
        OutputFile.MakeFolder(folder);
        OutputFile.RequireWritable(file);
        foreach (TreePolicy tree in settings.Trees)
            ModelPair.CheckTree(tree, draft);
        var job = new OffloadJob(settings, streams, cancellation);
        OffloadReport report = await WorkProgress.RunAsync(
            streams, "Comparing", job.Amount, progress => job.RunAsync(progress, report => OutputFile.Write(file, report.ToJson())));
        OffloadTables.WriteChart(report, Path.Combine(folder, "offload.svg"));
        await streams.Out.WriteLineAsync(parsed.GetValue(_json) ? report.ToJson() : OffloadTables.Of(report));
        return ExitStatus.Done;
    }

    private static IReadOnlyList<string> Ways(string? names)
    {
        if (names is null)
            return OffloadJob.Names;
        string[] ways = names.Split(',');
        return ways.FirstOrDefault(name => !OffloadJob.Names.Contains(name)) is { } unknown
            ? throw new InvalidInputException($"--methods {names}: '{unknown}' is not one of {string.Join(", ", OffloadJob.Names)}, which --offload compares") : ways;
    }

    /// <summary>The models that are named, or the demonstration pair; null if it was not to be written.</summary>
    private async Task<(string Target, string Draft)?> OffloadPairAsync(ParseResult parsed, Streams streams, CancellationToken cancellation)
    {
        if (parsed.GetValue(_demo) is not { } folder)
        {
            foreach (Option option in (Option[])[_demoSize, _yes])
            {
                if (parsed.GetResult(option) is { Implicit: false })
                    throw new InvalidInputException($"{option.Name}: belongs to --demo DIR");
            }
            return _pair.BothFolders(parsed);
        }
        if (parsed.GetResult(_pair.Target) is not null || parsed.GetResult(_pair.Draft) is not null)
            throw new InvalidInputException($"--demo {folder}: is a pair of its own; leave --target and --draft out");
        var demo = new DemoFolder(folder, DemoPair.Find("--demo-size", parsed.GetValue(_demoSize) ?? DemoPair.All[0].Name));
        return await demo.WriteAsync(streams, parsed.GetValue(_yes), cancellation) ? (demo.Target, demo.Draft) : null;
    }

    private int[] Sizes(ParseResult parsed, LanguageModel target)
    {
        int[] sizes = parsed.GetValue(_sizes) is { Length: > 0 } given ? given : [8, 16, 32, 64, 128];
        return sizes[^1] <= target.ContextLength ? sizes : throw new InvalidInputException(
            $"--sizes: {sizes[^1]} nodes are more than the target's context of {target.ContextLength} tokens; use smaller trees");
    }
}
