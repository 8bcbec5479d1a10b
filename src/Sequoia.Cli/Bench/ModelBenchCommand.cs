using System.CommandLine;
using Sequoia.Native;
using Sequoia.Native.Backends.Cuda;
using Sequoia.SoftwareGpu;

namespace Sequoia.Cli.Bench;

/// <summary>sequoia bench: what a model's passes take on a device, piece by piece, beside what the device can do at most.</summary>
internal sealed class ModelBenchCommand
{
    // Powers of two, from decoding one token at a time to the largest trees of the paper's GPU results.
    private static readonly int[] s_sizes = [1, 2, 4, 8, 16, 32, 64, 128];
    private static readonly int[] s_countedSizes = [1, 16, 64];
    private static readonly int[] s_contexts = [256, 2048];

    private readonly PairOptions _pair = new();
    private readonly Option<string?> _model = CheckedOption.Path("--model", "The model's Hugging Face folder. Default: the bundled target.", "DIR");
    private readonly Option<string?> _shape = CheckedOption.Text(
        "--shape", $"A published shape with random weights instead: {string.Join(", ", ModelShape.All.Select(shape => shape.Name))}.", "NAME");

    private readonly Option<string?> _draftShape = CheckedOption.Text("--draft-shape", "Also measure a draft of such a shape, with the model's vocabulary, and whole steps.", "NAME");
    private readonly Option<string?> _acceptance = CheckedOption.Path(
        "--acceptance", "The pair's acceptance vector, from sequoia measure acceptance: predict the best tree and its speedup. Needs --draft-shape.", "FILE.json");

    // Rows x keys of a pass that the software GPU counts within minutes.
    private const long MostCountedKeys = 1 << 20;

    private readonly Option<int[]> _sizes = CheckedOption.Numbers("--sizes", "Rows of a pass: nodes of a tree. Default: 1,2,4,...,128; 1,16,64 on the software GPU.", "N,N,...", 1, 1024);
    private readonly Option<int[]> _contexts = CheckedOption.Numbers("--contexts", "Tokens before the tree. Default: 256, and 2048 on a GPU.", "N,N,...", 1, 1 << 20);
    private readonly Option<int?> _repeats = CheckedOption.Number("--repeats", $"Times of each figure. Default: {WorkMeter.DefaultRepeats}.", 1, 10_000);
    private readonly Option<int?> _soak = CheckedOption.Number("--soak", "Also repeat the largest pass N times and compare all bits, also with each row by itself. Default: 0.", 0, 1_000_000);
    private readonly Option<string?> _project = CheckedOption.Text(
        "--project", $"With --device software: predict times on {string.Join(", ", GpuModel.All.Select(gpu => gpu.Name))} from the counts.", "GPU");

    private readonly Option<string?> _chart = CheckedOption.Path("--chart", "Also draw the passes' times into this SVG file.", "FILE");
    private readonly Option<bool> _json = new("--json") { Description = "Print one JSON object." };

    public static Command Create(Streams streams)
    {
        var self = new ModelBenchCommand();
        var command = new Command("bench", "Measure a model's passes and their pieces, beside the device's limits; without a GPU's times, count what they do.")
        {
            self._model, self._shape, self._draftShape, self._acceptance, self._pair.Device, self._pair.Threads, self._sizes, self._contexts, self._repeats,
            self._soak, self._project, self._chart, self._json,
        };
        command.SetAction((parsed, cancellation) => self.RunAsync(parsed, streams, cancellation));
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, Streams streams, CancellationToken cancellation)
    {
        // Operations run one by one, and not in the passes that streamed weights would be brought for.
        LoadOptions loading = _pair.Loading(parsed) with { Stream = StreamMode.Never };
        bool isCounted = loading.Device == "software";
        ModelShape? shape = parsed.GetValue(_shape) is { } name ? ModelShape.Find("--shape", name) : null;
        ModelShape? draftShape = parsed.GetValue(_draftShape) is { } draftName ? ModelShape.Find("--draft-shape", draftName) : null;
        GpuModel? assumed = parsed.GetValue(_project) is { } gpu ? GpuModel.Find(gpu) : null;
        string? chart = parsed.GetValue(_chart), acceptance = parsed.GetValue(_acceptance), folder = parsed.GetValue(_model);
        if (shape is not null && folder is not null)
            throw new InvalidInputException("--shape: leave out --model; a shape has random weights");
        if (assumed is not null && !isCounted)
            throw new InvalidInputException("--project: needs --device software, whose counts it predicts from");
        if (assumed is not null)
            SoftwareDriver.ComputeCapability = assumed.ComputeCapability;
        if (acceptance is not null && draftShape is null)
            throw new InvalidInputException("--acceptance: needs --draft-shape too; without a draft's times no speedup can be predicted");
        if (acceptance is not null && isCounted && assumed is null)
            throw new InvalidInputException("--acceptance: the software GPU has no times; --project predicts some");
        if (chart is not null && isCounted && assumed is null)
            throw new InvalidInputException("--chart: the software GPU has no times to draw; --project predicts some");
        if (chart is not null)
            OutputFile.RequireWritable(chart);
        AcceptanceVector? vector = acceptance is null ? null : AcceptanceVector.Load(StandardInput.PathFor(acceptance, "--acceptance"));
        if (shape is not null)
            _ = Settings(shape.Context, shape.Name);

        using BenchedModel target = shape is null
            ? await BenchedModel.LoadAsync(folder ?? Path.Combine(BundledModels.Find(), "target"), loading, streams, cancellation)
            : await BenchedModel.LoadAsync("--shape", shape, loading, streams, cancellation);
        if (isCounted && target.Llama.Backend.HasTimes)
            throw new InvalidInputException($"{CudaBackend.TimesVariable}: bench counts the software GPU's work and does not time it; leave it out");
        BenchSettings settings = Settings(target.Llama.Config.MaxPositions, target.Name);
        using BenchedModel? draft = draftShape is null ? null
            : await BenchedModel.LoadAsync("--draft-shape", draftShape, loading, streams, cancellation, target.Llama.Config.VocabularySize);
        Note(streams, target);

        // A kernel in the middle of a launch cannot be cancelled; it ends with the process.
        BenchReport report = await WorkProgress.RunAsync(
            streams, "Measuring", BenchRun.Amount(settings, draft is not null),
            done => Task.Run(() => new BenchRun(target, draft, settings, loading.Threads, done, cancellation).Run(), cancellation).WaitAsync(cancellation));
        if (chart is not null)
            BenchChart.Write(report, chart);
        await streams.Out.WriteAsync(parsed.GetValue(_json) ? JsonText.Of(BenchJson.Of(report)) + "\n" : BenchTables.Of(report));
        return report.Soak?.Problem is null ? ExitStatus.Done : ExitStatus.Failure;

        BenchSettings Settings(int positions, string model)
        {
            int[] sizes = parsed.GetValue(_sizes) is { Length: > 0 } given ? given : isCounted ? s_countedSizes : s_sizes;
            return new BenchSettings(sizes, Contexts(parsed, positions, model, sizes[^1]), parsed.GetValue(_repeats) ?? WorkMeter.DefaultRepeats, parsed.GetValue(_soak) ?? 0, assumed, vector);
        }
    }

    private int[] Contexts(ParseResult parsed, int positions, string model, int rows)
    {
        int[] given = parsed.GetValue(_contexts)!;
        bool isGpu = parsed.GetValue(_pair.Device) is { } device && device.StartsWith("cuda", StringComparison.Ordinal);
        int[] contexts = given.Length > 0 ? given : [.. s_contexts.Where((context, i) => i == 0 || (isGpu && context + rows <= positions))];
        if (contexts[^1] + rows > positions)
            throw new InvalidInputException($"--contexts {contexts[^1]}: with {rows} rows is more than the {positions} positions of {model}");
        if (!isGpu && parsed.GetValue(_pair.Device) == "software" && (long)contexts[^1] * rows > MostCountedKeys)
            throw new InvalidInputException($"--contexts {contexts[^1]}: with {rows} rows would take the software GPU hours; at most {MostCountedKeys / rows} tokens");
        return contexts;
    }

    private static void Note(Streams streams, BenchedModel target)
    {
        if (!target.Llama.Backend.HasTimes)
            streams.Notes.WriteLine("sequoia: the software GPU has no times: nothing is timed, work is counted");
        if (target.Llama.Backend is CudaBackend { HasTimes: true } cuda && !CudaBackend.HasTensorCores(cuda.Context.Device))
            streams.Notes.WriteLine($"sequoia: {cuda.Name} has no tensor cores for the kernels; their scalar twins run");
    }
}
