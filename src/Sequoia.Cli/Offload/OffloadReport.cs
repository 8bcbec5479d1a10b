using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Sequoia.Cli.Offload;

/// <summary>offload.json: ways to decode with weights that do not fit memory, side by side.</summary>
/// <param name="Target">The target's name.</param>
/// <param name="Draft">The draft's name.</param>
/// <param name="Device">The device.</param>
/// <param name="Processor">The processor.</param>
/// <param name="Memory">The bytes that the process may hold, in the rows of equal budget.</param>
/// <param name="LinkLimit">The limit of the rate of reading, in bytes per second; null without one.</param>
/// <param name="Rows">The ways, in the order of the table.</param>
internal sealed record OffloadReport(string Target, string Draft, string Device, string Processor, long Memory, double? LinkLimit, List<OffloadRow> Rows)
{
    public string ToJson() => JsonSerializer.Serialize(this, OffloadJson.Default.OffloadReport);
}

/// <summary>One way to decode, measured.</summary>
internal sealed record OffloadRow
{
    /// <summary>sync, bucket, two buffers, mapped, stream.</summary>
    public required string Name { get; init; }

    /// <summary>The system that does it so, if it is our re-implementation of its strategy.</summary>
    public string? Like { get; init; }

    /// <summary>What is equal among the rows of a kind: "bytes" (nothing is resident) or "budget".</summary>
    public required string Equal { get; init; }

    public required float Temperature { get; init; }

    /// <summary>The policy of the tree; none for one token at a time.</summary>
    public required string Tree { get; init; }

    public required int Nodes { get; init; }

    public required int Levels { get; init; }

    public required int Steps { get; init; }

    public required double TokensPerStep { get; init; }

    /// <summary>F of the tree for the draft's acceptance.</summary>
    public double? ExpectedTokens { get; init; }

    /// <summary>The median.</summary>
    public required double StepSeconds { get; init; }

    public required double FastestStepSeconds { get; init; }

    public required double SlowestStepSeconds { get; init; }

    /// <summary>By the plan; null if costs were not measured.</summary>
    public double? PredictedStepSeconds { get; init; }

    public double? DraftSecondsPerStep { get; init; }

    public double? WaitedSecondsPerStep { get; init; }

    public long? StreamedBytes { get; init; }

    public long? ResidentBytes { get; init; }

    public long? RingBytes { get; init; }

    /// <summary>Of a plain read just before.</summary>
    public double? LinkBytesPerSecond { get; init; }

    /// <summary>The share of that rate that steps reached, by the bytes that the plan streams and the median step.</summary>
    public double? LinkShare { get; init; }

    public double TokenSeconds => StepSeconds / TokensPerStep;

    /// <summary>The row in a few words.</summary>
    [JsonIgnore]
    public string Label => string.Create(
        CultureInfo.InvariantCulture, $"{Name}{(Tree == "none" ? "" : Nodes == 1 ? $", {Tree} chose no tree" : $", {Nodes} nodes, T = {Temperature}")} (equal {Equal})");
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(OffloadReport))]
internal sealed partial class OffloadJson : JsonSerializerContext;
