using System.Text.Json.Nodes;
using Sequoia.Native;

namespace Sequoia.Cli;

/// <summary>The object that `sequoia generate --json` prints.</summary>
internal static class GenerationJson
{
    /// <param name="result">The generation.</param>
    /// <param name="compared">The same length one token at a time, if requested.</param>
    public static JsonObject Of(Generated result, Generated? compared)
    {
        GenerationStats stats = result.Stats;
        var json = new JsonObject
        {
            ["text"] = result.Text,
            ["prompt_tokens"] = List(stats.PromptTokens),
            ["tokens"] = List(result.Tokens),
            ["finish_reason"] = stats.FinishReason switch
            {
                FinishReason.Stop => "stop",
                FinishReason.Length => "length",
                _ => "cancelled",
            },
            ["stats"] = new JsonObject
            {
                ["steps"] = stats.Steps,
                ["tokens_per_step"] = stats.TokensPerStep,
                ["seconds"] = Timed(stats, stats.DecodeTime.TotalSeconds),
                ["load_seconds"] = Timed(stats, stats.LoadTime.TotalSeconds),
                ["prefill_seconds"] = Timed(stats, stats.PrefillTime.TotalSeconds),
                ["tokens_per_second"] = Timed(stats, stats.TokensPerSecond),
                ["draft_seconds"] = stats.HasPhaseTimes ? stats.DraftTime.TotalSeconds : null,
                ["verify_seconds"] = stats.HasPhaseTimes ? stats.VerifyTime.TotalSeconds : null,
                ["seed"] = stats.Seed,
                ["tree"] = new JsonObject
                {
                    ["size"] = stats.Tree.Size,
                    ["levels"] = stats.Tree.Levels,
                    ["parents"] = List(stats.Tree.Parents.ToArray()),
                },
                ["device"] = stats.Device,
            },
        };
        if (stats.Stream is { } stream)
        {
            json["stats"]!["stream"] = new JsonObject
            {
                ["bytes_per_step"] = stream.BytesPerStep,
                ["bytes_per_second"] = stream.HasTimes ? stream.BytesPerSecond : null,
                ["link_bytes_per_second"] = stream.HasTimes ? stream.LinkBytesPerSecond : null,
                ["link_share"] = stream.HasTimes ? stream.BytesPerSecond / stream.LinkBytesPerSecond : null,
                ["waited_seconds"] = stream.HasTimes ? stream.Waited.TotalSeconds : null,
                ["streamed_bytes"] = stream.StreamedBytes,
                ["resident_bytes"] = stream.ResidentBytes,
                ["ring_bytes"] = stream.RingBytes,
            };
        }
        if (compared is not null)
        {
            json["autoregressive"] = new JsonObject
            {
                ["tokens"] = List(compared.Tokens),
                ["steps"] = compared.Stats.Steps,
                ["seconds"] = Timed(stats, compared.Stats.DecodeTime.TotalSeconds),
                ["tokens_per_second"] = Timed(stats, compared.Stats.TokensPerSecond),
                ["speedup"] = Timed(stats, stats.TokensPerSecond / compared.Stats.TokensPerSecond),
            };
        }
        return json;
    }

    // On a device without times, or without the times of a step's phases, they are null, so that they are not mistaken for times.
    private static double? Timed(GenerationStats stats, double figure) => stats.HasTimes ? figure : null;

    public static JsonArray List(IEnumerable<int> numbers) => [.. numbers.Select(number => (JsonNode)number)];
}
