using System.CommandLine;
using System.Globalization;
using Sequoia.Native;

namespace Sequoia.Cli;

/// <summary>Sampling options that several commands share.</summary>
internal static class SamplingOption
{
    private const float LargestTemperature = 100;

    public static Option<float?> TopP() => CheckedOption.Number("--top-p", "Keep the most probable tokens of this mass. Default: 1, all.", 0f, 1f);

    public static float TopPOf(ParseResult parsed, Option<float?> option) => parsed.GetValue(option) switch
    {
        null => 1,
        0 => throw new InvalidInputException("--top-p 0: must be above 0; for the most probable token alone use temperature 0"),
        { } value => value,
    };

    public static Option<int?> TopK() => CheckedOption.Number("--top-k", "Keep the K most probable tokens. Default: 0, all.", 0, int.MaxValue);

    public static Option<float?> Temperature() => CheckedOption.Number("--temperature", "0 is greedy. Default: 0.6.", 0f, LargestTemperature, ProblemOf);

    public static Option<float[]> Temperatures(string description) =>
        CheckedOption.Numbers("--temperatures", description, "T,T,...", 0f, LargestTemperature, ProblemOf);

    private static string? ProblemOf(float temperature) => temperature is > 0 and < GenerationOptions.SmallestTemperature
        ? string.Create(CultureInfo.InvariantCulture, $"is too near 0 to divide logits by; use 0 for greedy, or at least {GenerationOptions.SmallestTemperature}") : null;
}
