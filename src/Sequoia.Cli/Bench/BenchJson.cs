using System.Text.Json.Nodes;
using Sequoia.Native;

namespace Sequoia.Cli.Bench;

/// <summary>The results as one JSON object. Times are in seconds; predictions have names of their own.</summary>
internal static class BenchJson
{
    public static JsonObject Of(BenchReport report) => new()
    {
        ["device"] = report.Device,
        ["about"] = report.About,
        ["read_bytes_per_second"] = report.Ceilings?.ReadRate,
        ["flops_per_second"] = report.Ceilings?.FlopRate,
        ["predicted_for"] = report.Assumed?.Title,
        ["target"] = Of(report.Target),
        ["draft"] = report.Draft is { } draft ? Of(draft) : null,
        ["predicted_trees"] = new JsonArray([.. report.Plans.Select(Of)]),
        ["steps"] = new JsonArray([.. report.Steps.Select(Of)]),
        ["soak"] = report.Soak is not { } soak ? null : new JsonObject
        {
            ["passes"] = soak.Passes,
            ["rows"] = soak.Rows,
            ["hash"] = soak.Hash,
            ["problem"] = soak.Problem,
        },
    };

    private static JsonObject Of(ModelReport model) => new()
    {
        ["name"] = model.Name,
        ["layers"] = model.Layers,
        ["loaded_layers"] = model.LoadedLayers,
        ["passes"] = new JsonArray([.. model.Passes.Select(Of)]),
    };

    private static JsonNode Of(PassReport pass) => new JsonObject
    {
        ["context"] = pass.Context,
        ["rows"] = pass.Rows,
        ["levels"] = pass.Levels,
        ["times"] = Of(pass.Times),
        ["sum_of_pieces"] = pass.Times is null ? null : pass.SumOfParts,
        ["predicted_seconds"] = pass.Times is null ? pass.Seconds : null,
        ["floor_bytes"] = pass.Cost.Bytes,
        ["flops"] = pass.Cost.Flops,
        ["pieces"] = new JsonArray([.. pass.Pieces.Select(Of)]),
    };

    private static JsonNode Of(PieceReport piece) => new JsonObject
    {
        ["name"] = piece.Name,
        ["times"] = Of(piece.Times),
        ["floor_bytes"] = piece.Cost.Bytes,
        ["flops"] = piece.Cost.Flops,
        ["counts"] = piece.Counts is not { } counts ? null : new JsonObject
        {
            ["launches"] = counts.Launches,
            ["warp_instructions"] = counts.WarpInstructions,
            ["mma"] = counts.Mma,
            ["memory_bytes"] = counts.MemoryBytes,
            ["l2_bytes"] = counts.L2Bytes,
            ["shared_wavefronts"] = counts.SharedWavefronts,
        },
        ["predicted_seconds"] = piece.Predicted?.Seconds,
        ["predicted_limit"] = piece.Predicted?.Limit,
    };

    private static JsonNode Of(TreePlan plan) => new JsonObject
    {
        ["context"] = plan.Context,
        ["size"] = plan.Tree.Size,
        ["levels"] = plan.Tree.Levels,
        ["expected_tokens"] = plan.ExpectedTokens,
        ["speedup"] = plan.Speedup,
        ["seconds_per_token"] = plan.Costs.PlainSeconds(plan.Context) / plan.Speedup,
        ["parents"] = GenerationJson.List(plan.Tree.Parents.ToArray()),
    };

    private static JsonNode Of(StepReport step) => new JsonObject
    {
        ["context"] = step.Context,
        ["tree_size"] = step.Tree.Size,
        ["times"] = Of(step.Times),
        ["tokens_per_step"] = step.TokensPerStep,
    };

    private static JsonObject? Of(TimeSpread? times) => times is not { } spread ? null : new JsonObject
    {
        ["median"] = spread.Median,
        ["least"] = spread.Low,
        ["most"] = spread.High,
    };
}
