using System.Text.Json.Nodes;
using Sequoia.Native;

namespace Sequoia.Cli;

/// <summary>The object that `sequoia generate --json` prints.</summary>
internal static class GenerationJson
{
    /// <param name="result">The generation.</param>
    /// <param name="compared">The same length one token at a time, if that was asked for.</param>
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
                ["seconds"] = stats.DecodeTime.TotalSeconds,
                ["load_seconds"] = stats.LoadTime.TotalSeconds,
                ["prefill_seconds"] = stats.PrefillTime.TotalSeconds,
                ["tokens_per_second"] = stats.TokensPerSecond,
                ["draft_seconds"] = stats.DraftTime.TotalSeconds,
                ["verify_seconds"] = stats.VerifyTime.TotalSeconds,
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
        if (compared is not null)
        {
            json["autoregressive"] = new JsonObject
            {
                ["tokens"] = List(compared.Tokens),
                ["seconds"] = compared.Stats.DecodeTime.TotalSeconds,
                ["tokens_per_second"] = compared.Stats.TokensPerSecond,
                ["speedup"] = stats.TokensPerSecond / compared.Stats.TokensPerSecond,
            };
        }
        return json;
    }

    public static JsonArray List(IEnumerable<int> numbers) => [.. numbers.Select(number => (JsonNode)number)];
}
