using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Sequoia.Cli.Compare;

/// <summary>Everything that determines the results: a run continues earlier results only if all of it is the same.</summary>
internal sealed record CompareOptions
{
    public required string Target { get; init; }

    public required JsonObject TargetSha256 { get; init; }

    public required string Draft { get; init; }

    public required JsonObject DraftSha256 { get; init; }

    public required string PromptsFile { get; init; }

    public required string PromptsSha256 { get; init; }

    public required IReadOnlyList<float> Temperatures { get; init; }

    public required float TopP { get; init; }

    public required IReadOnlyList<int> Sizes { get; init; }

    public required IReadOnlyList<string> Methods { get; init; }

    public required int MaxTokens { get; init; }

    public required int MaxPrompts { get; init; }

    public required ulong Seed { get; init; }

    /// <summary>Includes the processor's instruction set and the number of threads.</summary>
    public required string Device { get; init; }
}

/// <summary>The acceptance of a method on the calibration prompts; the ranks are those of every prompt and position.</summary>
internal sealed record Calibration(
    float Temperature, string Verifier, int Steps, double[] P, IReadOnlyList<double> StandardErrors, IReadOnlyList<IReadOnlyList<int>> Ranks);

/// <summary>One prompt's continuation; seconds are decoding time, null on a device without times.</summary>
internal sealed record TestRun(float Temperature, int Size, string Method, int Prompt, int Tokens, int CutOff, int Steps, double? Seconds);

/// <summary>The cost of a step with a method's tree on this machine, measured and added up; one token at a time is 1.</summary>
internal sealed record StepCost(float Temperature, int Size, string Method, double Cost);

/// <summary>
/// The results of a method at a temperature and a size. Formula is F(T) for the calibrated acceptance vector. Predicted is the tree's result on the
/// calibration texts, and the predicted speedup is that for the cost of its step. The lead is how many more tokens per step Sequoia generates.
/// Values that need times are null on a device without times.
/// </summary>
internal sealed record SummaryRow(
    float Temperature, int Size, string Method, int Nodes, int Levels, int Prompts, double Formula, Estimate Predicted,
    Estimate TokensPerStep, Estimate? SecondsPerToken, double? PredictedSpeedup, Estimate? Speedup, Estimate? SequoiaLead);

/// <summary>Everything in compare.json.</summary>
internal sealed record CompareReport
{
    public required CompareOptions Options { get; init; }

    /// <summary>The first prompts, used only to measure acceptance.</summary>
    public required int CalibrationPrompts { get; init; }

    public required int TestPrompts { get; init; }

    public List<Calibration> Calibrations { get; init; } = [];

    public List<StepCost> StepCosts { get; init; } = [];

    public List<TestRun> Runs { get; init; } = [];

    public IReadOnlyList<SummaryRow> Summary { get; init; } = [];
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(CompareReport))]
internal sealed partial class CompareJson : JsonSerializerContext;
