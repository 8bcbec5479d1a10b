using System.CommandLine;
using System.Globalization;
using Sequoia.Native;

namespace Sequoia.Cli;

/// <summary>Options that say how tokens are drawn, as several commands have them.</summary>
internal static class SamplingOption
{
    public const float LargestTemperature = 100;

    public static Option<float?> TopP() => CheckedOption.Number("--top-p", "Keep the most probable tokens of this mass. Default: 1, all.", 0f, 1f);

    public static float TopPOf(ParseResult parsed, Option<float?> option) => parsed.GetValue(option) switch
    {
        null => 1,
        0 => throw new InvalidInputException("--top-p 0: must be above 0; for the most probable token alone use temperature 0"),
        { } value => value,
    };

    public static Option<float?> Temperature()
    {
        Option<float?> option = CheckedOption.Number("--temperature", "0 is greedy. Default: 0.6.", 0f, LargestTemperature);
        option.Validators.Add(result => result.AddErrors(result.GetValueOrDefault<float?>() is { } value ? [value] : [], option.Name));
        return option;
    }

    public static Option<float[]> Temperatures(string description)
    {
        Option<float[]> option = CheckedOption.Numbers("--temperatures", description, "T,T,...", 0f, LargestTemperature);
        option.Validators.Add(result => result.AddErrors(result.GetValueOrDefault<float[]>() ?? [], option.Name));
        return option;
    }

    private static void AddErrors(this System.CommandLine.Parsing.OptionResult result, IEnumerable<float> temperatures, string name)
    {
        foreach (float temperature in temperatures)
        {
            if (temperature is > 0 and < GenerationOptions.SmallestTemperature)
                result.AddError(string.Create(CultureInfo.InvariantCulture, $"{name} {temperature}: is too near 0 to divide logits by; use 0 for greedy, or at least {GenerationOptions.SmallestTemperature}"));
        }
    }
}
