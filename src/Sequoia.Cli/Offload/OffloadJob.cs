using System.Diagnostics;
using System.Globalization;
using Sequoia.Native;
using Sequoia.Native.Backends.Cpu;

namespace Sequoia.Cli.Offload;

/// <summary>
/// Runs one pair of models in all ways, each loaded anew and one after the other: what other systems do, our stream one token at a time, and our stream with trees.
/// </summary>
internal sealed class OffloadJob(OffloadSettings settings, Streams streams, CancellationToken cancellation)
{
    public const string Mapped = "mapped";

    private const string Bytes = "bytes", Budget = "budget", Stream = "stream";

    // The first step finds what prefill has read ahead.
    private const int WarmUps = 1;

    // Long enough for a rate that varies by little.
    private static readonly TimeSpan s_measuring = TimeSpan.FromSeconds(1);

    private readonly List<OffloadRow> _rows = [];

    /// <summary>The steps of all ways.</summary>
    public double Amount => Ways().Sum(way => StepsOf(way) + WarmUps);

    /// <param name="progress">Receives the steps done.</param>
    /// <param name="done">Receives the report after every way.</param>
    public async Task<OffloadReport> RunAsync(Action<double> progress, Action<OffloadReport> done)
    {
        double before = 0;
        OffloadReport? report = null;
        // The draft is in memory.
        using LanguageModel draft = await LanguageModel.LoadAsync(settings.Draft, settings.Loading with { Stream = StreamMode.Never }, null, cancellation);
        foreach (Way way in Ways())
        {
            using LanguageModel target = await LanguageModel.LoadAsync(settings.Target, LoadingOf(way), null, cancellation);
            using TextGenerator generator = await TextGenerator.CreateAsync(target, draft, way.Tree, cancellationToken: cancellation);
            _rows.Add(await MeasureAsync(way, generator, draft, steps => progress(before + steps)));
            progress(before += StepsOf(way) + WarmUps);
            // Without a terminal there is no progress bar.
            if (Console.IsErrorRedirected)
                await streams.Notes.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"sequoia: {_rows[^1].Label}: {_rows[^1].TokenSeconds:F3} s a token"));
            report = new OffloadReport(
                ModelIdentity.Name(target.Folder), ModelIdentity.Name(draft.Folder), target.Device, ProcessorName.Read(), settings.Memory, settings.LinkLimit, _rows);
            done(report);
        }
        return report!;
    }

    /// <summary>The names of all ways; our stream one token at a time is always among them.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. OffloadStrategy.All(0).Select(strategy => strategy.Name), Mapped, Stream];

    private IEnumerable<Way> Ways() => AllWays().Where(way => way.Name == Stream || settings.Methods.Contains(way.Name));

    private IEnumerable<Way> AllWays()
    {
        foreach (OffloadStrategy strategy in OffloadStrategy.All(settings.Hidden))
            yield return new Way(strategy.Name, strategy.Like, Bytes, StreamMode.All, strategy, TreePolicy.None, settings.Temperatures[0]);
        // A limited link has no mapping: the system reads that itself.
        if (settings.LinkLimit is null)
            yield return new Way(Mapped, "llama.cpp", Budget, StreamMode.Never, null, TreePolicy.None, settings.Temperatures[0]);
        foreach ((string equal, StreamMode mode) in ((string, StreamMode)[])[(Bytes, StreamMode.All), (Budget, StreamMode.Auto)])
        {
            yield return new Way(Stream, null, equal, mode, null, TreePolicy.None, settings.Temperatures[0]);
            foreach (TreePolicy tree in settings.Trees)
            {
                foreach (float temperature in settings.Temperatures)
                    yield return new Way(Stream, null, equal, mode, null, tree, temperature);
            }
        }
    }

    private LoadOptions LoadingOf(Way way) => settings.Loading with
    {
        Memory = settings.Memory,
        Stream = way.Mode,
        Streaming = new StreamOptions
        {
            MeasuringTime = s_measuring,
            Source = way.Strategy is { } strategy ? (chunks, files, plan) => new GroupedReads(chunks, files, plan, strategy) : null,
            BytesPerSecond = settings.LinkLimit,
        },
    };

    // Every step one token at a time is like another.
    private int StepsOf(Way way) => way.Tree == TreePolicy.None ? Math.Min(settings.Steps, 4) : settings.Steps;

    private async Task<OffloadRow> MeasureAsync(Way way, TextGenerator generator, LanguageModel draft, Action<double> progress)
    {
        var options = new GenerationOptions { Temperature = way.Temperature, Seed = settings.Seed, IgnoreEos = true, MaxTokens = int.MaxValue };
        var seconds = new List<double>();
        int tokens = 0, steps = 0;
        GenerationStats? stats = null;
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        long start = Stopwatch.GetTimestamp();
        await foreach (GenerationChunk chunk in generator.GenerateAsync(settings.Prompt, options, enough.Token))
        {
            stats = chunk.Stats ?? stats;
            if (chunk.Stats is not null || enough.IsCancellationRequested)
                continue;
            double took = Stopwatch.GetElapsedTime(start).TotalSeconds;
            start = Stopwatch.GetTimestamp();
            if (++steps > WarmUps)
            {
                seconds.Add(took);
                tokens += chunk.Tokens.Count;
            }
            progress(steps);
            if (seconds.Count == StepsOf(way))
                await enough.CancelAsync();
        }
        cancellation.ThrowIfCancellationRequested();
        if (seconds.Count == 0)
            throw new InvalidInputException($"compare: {way.Name}: the context was full before the first step was measured; use a smaller tree");
        seconds.Sort();
        double median = (seconds[(seconds.Count - 1) / 2] + seconds[seconds.Count / 2]) / 2;
        StreamStats? stream = stats!.Stream;
        return new OffloadRow
        {
            Name = way.Name,
            Like = way.Like,
            Equal = way.Equal,
            Temperature = way.Temperature,
            Tree = way.Tree.ToString(),
            Nodes = generator.Tree.Size,
            Levels = generator.Tree.Levels,
            Steps = seconds.Count,
            TokensPerStep = (double)tokens / seconds.Count,
            ExpectedTokens = AcceptanceVector.OfDraft(draft.Folder) is { } acceptance ? OptimalTree.ExpectedTokens(generator.Tree, acceptance) : null,
            StepSeconds = median,
            FastestStepSeconds = seconds[0],
            SlowestStepSeconds = seconds[^1],
            PredictedStepSeconds = way.Strategy is null ? Predicted(generator, stream) : null,
            DraftSecondsPerStep = stats.DraftTime.TotalSeconds / stats.Steps,
            WaitedSecondsPerStep = stream?.Waited.TotalSeconds / stats.Steps,
            StreamedBytes = stream?.StreamedBytes,
            ResidentBytes = stream?.ResidentBytes,
            RingBytes = stream?.RingBytes,
            LinkBytesPerSecond = stream?.LinkBytesPerSecond,
            LinkShare = stream is null ? null : stream.StreamedBytes / median / stream.LinkBytesPerSecond,
        };
    }

    private static double? Predicted(TextGenerator generator, StreamStats? stream) =>
        generator.Plan?.StepSeconds ?? (generator.Tree.Size == 1 && stream is not null ? stream.StreamedBytes / stream.LinkBytesPerSecond : null);

    private sealed record Way(string Name, string? Like, string Equal, StreamMode Mode, OffloadStrategy? Strategy, TreePolicy Tree, float Temperature);
}

/// <summary>The checked arguments of `sequoia compare --offload`.</summary>
/// <param name="Target">The target's folder.</param>
/// <param name="Draft">The draft's folder.</param>
/// <param name="Hidden">The target's width.</param>
/// <param name="Loading">How models are loaded.</param>
/// <param name="Memory">What the process may hold in the rows of equal budget, and rings in all rows.</param>
/// <param name="LinkLimit">The limit of the rate of reading, in bytes per second; null for none.</param>
/// <param name="Methods">The names of the ways to compare.</param>
/// <param name="Temperatures">The temperatures.</param>
/// <param name="Trees">The trees.</param>
/// <param name="Steps">The steps to measure for each tree.</param>
/// <param name="Prompt">The text to continue.</param>
/// <param name="Seed">The seed.</param>
internal sealed record OffloadSettings(
    string Target, string Draft, int Hidden, LoadOptions Loading, long Memory, double? LinkLimit, IReadOnlyList<string> Methods, IReadOnlyList<float> Temperatures, IReadOnlyList<TreePolicy> Trees, int Steps, string Prompt, ulong Seed);
