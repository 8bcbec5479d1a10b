using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Sequoia.Cli.Bench;
using Sequoia.Native;
using Sequoia.Native.Backends;
using Sequoia.Native.Backends.Cpu;
using Sequoia.Native.Backends.Streaming;

namespace Sequoia.Cli.Offload;

/// <summary>sequoia plan: where the weights of a pair would be, and what that would cost, without loading it.</summary>
internal sealed class PlanCommand
{
    private const int DefaultContext = 512;

    private static readonly string s_shapes = string.Join(", ", ModelShape.All.Select(shape => shape.Name));

    private readonly PairOptions _pair = new();
    private readonly Option<string?> _shape = CheckedOption.Text("--shape", $"In place of --target, a shape in BF16: {s_shapes}.", "NAME");
    private readonly Option<string?> _draftShape = CheckedOption.Text("--draft-shape", "In place of --draft, a shape.", "NAME");
    private readonly Option<string?> _acceptance = CheckedOption.Path("--acceptance", "The pair's acceptance. Default: acceptance.json in the draft's folder.", "FILE");
    private readonly Option<string?> _tree = CheckedOption.Text("--tree", "none, chain:N, chains:WxL, optimal:N[xL] or auto. Default: auto with a draft and its acceptance, else none.", "TREE");
    private readonly Option<long?> _link = CheckedOption.Size("--link", "Bytes a second of the disk. Default: measured with the target's files.");
    private readonly Option<int?> _context = CheckedOption.Number("--context", $"Tokens that the caches hold. Default: {DefaultContext}.", 1, 1 << 24);
    private readonly Option<bool> _json = new("--json") { Description = "Print one JSON object." };

    public static Command Create(Streams streams)
    {
        var self = new PlanCommand();
        var command = new Command("plan", "Show which weights would stay in memory and which would be read in every pass, without loading them.")
        {
            self._pair.Target, self._pair.Draft, self._shape, self._draftShape, self._acceptance, self._tree, self._pair.Memory, self._pair.Stream, self._link, self._context,
            self._pair.Threads, self._json,
        };
        command.SetAction((parsed, cancellation) => Task.Run(() => self.Run(parsed, streams), cancellation).WaitAsync(cancellation));
        return command;
    }

    private int Run(ParseResult parsed, Streams streams)
    {
        (PlannedModel target, PlannedModel? draft, string? draftFolder) = Models(parsed);
        using (target)
        using (draft)
        {
            LoadOptions loading = _pair.Loading(parsed);
            if (loading.Stream == StreamMode.Never)
                throw new InvalidInputException("--stream never: leaves everything to the system; there is nothing to plan");
            int context = Math.Min(parsed.GetValue(_context) ?? DefaultContext, target.Config.MaxPositions);
            AcceptanceVector? acceptance = parsed.GetValue(_acceptance) is { } file ? AcceptanceVector.Load(file) : draftFolder is null ? null : AcceptanceVector.OfDraft(draftFolder);
            WeightChunks chunks = target.Chunks();
            double? link = parsed.GetValue(_link) is { } given ? given : target.HasFiles ? CpuWeightStream.MeasureLink(chunks) : null;
            StreamModel model = Model(target, draft, chunks, loading, link);
            if (draft is not null && acceptance is null && parsed.GetValue(_tree) is null)
                streams.Notes.WriteLine("sequoia: the pair's acceptance is not known, so this is one token at a time; give --acceptance FILE or --tree");
            Planned plan = Choose(parsed, target, draft, acceptance, model, loading.Threads, context);
            streams.Out.WriteLine(parsed.GetValue(_json) ? JsonText.Of(Json(target, draft, chunks, plan, link)) : Text(target, plan, link));
            return ExitStatus.Done;
        }
    }

    private (PlannedModel Target, PlannedModel? Draft, string? DraftFolder) Models(ParseResult parsed)
    {
        string? shape = parsed.GetValue(_shape), draftShape = parsed.GetValue(_draftShape);
        if (shape is not null && parsed.GetResult(_pair.Target) is not null)
            throw new InvalidInputException("--shape: takes the place of --target; give one of them");
        if (draftShape is not null && parsed.GetResult(_pair.Draft) is not null)
            throw new InvalidInputException("--draft-shape: takes the place of --draft; give one of them");
        (string? targetFolder, string? draftFolder) = shape is null ? _pair.Folders(parsed) : (null, parsed.GetValue(_pair.Draft));
        PlannedModel target = shape is null ? PlannedModel.OfFolder(targetFolder!) : PlannedModel.OfShape(ModelShape.Find("--shape", shape));
        try
        {
            PlannedModel? draft = draftShape is not null ? PlannedModel.OfShape(ModelShape.Find("--draft-shape", draftShape)) : draftFolder is not null ? PlannedModel.OfFolder(draftFolder) : null;
            return (target, draft, draftShape is null ? draftFolder : null);
        }
        catch
        {
            target.Dispose();
            throw;
        }
    }

    private static StreamModel Model(PlannedModel target, PlannedModel? draft, WeightChunks chunks, LoadOptions loading, double? link)
    {
        ChunkOrder order = chunks.Order();
        MemoryNeeds held = CpuWeightStream.NeedsOf(target.Tensors, MemoryBudget.Held());
        long budget = loading.Memory ?? (MemoryBudget.Free() + MemoryBudget.Held());
        return new StreamModel
        {
            WeightBytes = chunks.Bytes,
            LinkBytesPerSecond = link ?? double.PositiveInfinity,
            PrefillRows = CpuBackend.StreamedPrefillRows,
            PlanFor = sizes => PlacementPlanner.Plan(
                order, budget, held + (CpuMemory.OfDecoder(target.Config, draft?.Config, sizes, loading.Threads) with { Draft = sizes.Draft is null ? 0 : draft!.Tensors.Bytes }), loading.Stream),
        };
    }

    private Planned Choose(ParseResult parsed, PlannedModel target, PlannedModel? draft, AcceptanceVector? acceptance, StreamModel model, int threads, int context)
    {
        TreePolicy policy = parsed.GetValue(_tree) is { } text ? TreePolicy.Parse(CheckedOption.FromHome(text)) : draft is not null && acceptance is not null ? TreePolicy.Auto : TreePolicy.None;
        if (policy == TreePolicy.None)
            return Of(TokenTree.Root, null, null);
        if (draft is null)
            throw new InvalidInputException($"--tree {policy}: needs --draft DIR or --draft-shape NAME");
        HardwareCosts costs = EstimatedCosts.Of(target.Config, draft.Config, target.Type, threads, context);
        if (policy != TreePolicy.Auto)
            return Of(policy.Resolve(acceptance), acceptance, costs);
        if (acceptance is null)
            throw new InvalidInputException("--tree auto: needs the pair's acceptance; give --acceptance FILE");
        return Of(AutoTree.Choose(acceptance, costs, context, int.MaxValue, model).Tree, acceptance, costs);

        Planned Of(TokenTree tree, AcceptanceVector? of, HardwareCosts? by)
        {
            // Not TryPlan: a memory that cannot work is told.
            PlacementPlan plan = model.PlanFor(new DecoderSizes([tree], context, model.PrefillRows, tree.Size > 1));
            PlacementPlan single = model.PlanFor(new DecoderSizes([TokenTree.Root], context, model.PrefillRows, false));
            double? tokens = of is null ? null : OptimalTree.ExpectedTokens(tree, of);
            double? step = by is null ? null : model.StepSeconds(plan, by.TargetSeconds(tree.Size, context), by.DraftingSeconds(tree, context) + (by.VerifySeconds * (tokens ?? 1)));
            double? one = by is not null ? model.StepSeconds(single, by.TargetSeconds(1, context), by.VerifySeconds) : double.IsInfinity(model.LinkBytesPerSecond) ? null : plan.StreamedBytes / model.LinkBytesPerSecond;
            bool known = !double.IsInfinity(model.LinkBytesPerSecond) || plan.StreamedBytes == 0;
            return new Planned(tree, plan, tokens, known ? step : null, known ? one : null);
        }
    }

    private static string Text(PlannedModel target, Planned planned, double? link)
    {
        string count = target.Parameters >= 1e9
            ? string.Create(CultureInfo.InvariantCulture, $"{target.Parameters / 1e9:0.0} B") : string.Create(CultureInfo.InvariantCulture, $"{target.Parameters / 1e6:0.0} M");
        string text = $"{count} weights in {target.Type}, {planned.Plan.Text(link)}";
        if (planned is { Tree.Size: > 1, StepSeconds: { } step, ExpectedTokens: { } tokens, PlainSeconds: { } plain })
            text += string.Create(CultureInfo.InvariantCulture, $"; tree {planned.Tree.Size} x {planned.Tree.Levels}: {step / tokens:0.###} s a token, one at a time {plain:0.###} (estimated)");
        else if (planned is { Tree.Size: 1, PlainSeconds: { } seconds, Plan.StreamedBytes: > 0 })
            text += string.Create(CultureInfo.InvariantCulture, $"; at least {seconds:0.###} s a token, one at a time");
        return string.Create(CultureInfo.InvariantCulture, $"{text}\n{MemoryBudget.Text(planned.Plan.TotalBytes)} of {MemoryBudget.Text(planned.Plan.Budget)}, in GB: weights that stay {planned.Plan.ResidentBytes / 1e9:0.###}, {planned.Plan.Needs.Parts(planned.Plan.RingBytes)}");
    }

    private static JsonObject Json(PlannedModel target, PlannedModel? draft, WeightChunks chunks, Planned planned, double? link)
    {
        PlacementPlan plan = planned.Plan;
        var matrices = new JsonArray();
        foreach (IGrouping<string, int> tensor in Enumerable.Range(0, chunks.All.Count).GroupBy(i => chunks.All[i].Tensor.Name))
        {
            matrices.Add(new JsonObject
            {
                ["name"] = tensor.Key,
                ["bytes"] = tensor.Sum(i => chunks.All[i].Bytes),
                ["resident_bytes"] = tensor.Where(plan.IsResident).Sum(i => chunks.All[i].Bytes),
                ["tier"] = "disk",
            });
        }
        return new JsonObject
        {
            ["target"] = target.Name,
            ["draft"] = draft?.Name,
            ["parameters"] = target.Parameters,
            ["memory"] = plan.Budget,
            ["needs"] = new JsonObject
            {
                ["program"] = plan.Needs.Program,
                ["not_streamed"] = plan.Needs.Fixed,
                ["draft"] = plan.Needs.Draft,
                ["caches"] = plan.Needs.Caches,
                ["tree"] = plan.Needs.Tree,
                ["ring"] = plan.RingBytes,
                ["resident"] = plan.ResidentBytes,
            },
            ["streamed_bytes"] = plan.StreamedBytes,
            ["link_bytes_per_second"] = link,
            ["tree"] = new JsonObject { ["size"] = planned.Tree.Size, ["levels"] = planned.Tree.Levels },
            ["expected_tokens"] = planned.ExpectedTokens,
            ["step_seconds"] = planned.StepSeconds,
            ["plain_step_seconds"] = planned.PlainSeconds,
            ["matrices"] = matrices,
        };
    }

    /// <param name="Tree">The tree.</param>
    /// <param name="Plan">Where the weights are with it.</param>
    /// <param name="ExpectedTokens">Its F; null without an acceptance.</param>
    /// <param name="StepSeconds">Estimated seconds of a step; null without estimated costs.</param>
    /// <param name="PlainSeconds">The same one token at a time; without costs, the time of reading.</param>
    private sealed record Planned(TokenTree Tree, PlacementPlan Plan, double? ExpectedTokens, double? StepSeconds, double? PlainSeconds);
}
