using Sequoia.Native;

namespace Sequoia.Cli.Bench;

/// <summary>Everything that one run of the benchmark found.</summary>
/// <param name="Device">The device's name.</param>
/// <param name="About">How figures were obtained.</param>
/// <param name="Ceilings">What the device does at most; null on a device without times.</param>
/// <param name="Assumed">The GPU that times are predicted for; null if they are measured, or only work is counted.</param>
/// <param name="Target">The model.</param>
/// <param name="Draft">The draft, or null.</param>
internal sealed record BenchReport(string Device, string About, BenchCeilings? Ceilings, GpuModel? Assumed, ModelReport Target, ModelReport? Draft)
{
    /// <summary>The best tree at each context; empty without an acceptance vector.</summary>
    public IReadOnlyList<TreePlan> Plans { get; init; } = [];

    /// <summary>Whole steps with and without the draft; empty without one.</summary>
    public IReadOnlyList<StepReport> Steps { get; init; } = [];

    public SoakReport? Soak { get; init; }
}

/// <summary>Peak rates of the device, measured in the same run.</summary>
/// <param name="ReadRate">Bytes a second that are read from memory.</param>
/// <param name="FlopRate">Floating-point operations a second; null if the device has no tensor cores.</param>
internal sealed record BenchCeilings(double ReadRate, double? FlopRate);

/// <summary>A model's passes.</summary>
/// <param name="Name">The folder's or the shape's name.</param>
/// <param name="Layers">The model's layers.</param>
/// <param name="LoadedLayers">The layers that ran.</param>
/// <param name="Passes">By context and rows, both ascending.</param>
internal sealed record ModelReport(string Name, int Layers, int LoadedLayers, IReadOnlyList<PassReport> Passes);

/// <summary>One pass over a tree, and the pieces of its step.</summary>
/// <param name="Context">The tokens of the prefix.</param>
/// <param name="Rows">The tree's nodes.</param>
/// <param name="Levels">The tree's levels.</param>
/// <param name="Times">The whole pass; null on a device without times.</param>
/// <param name="Pieces">The pass's operations, drawing, verifying and committing.</param>
internal sealed record PassReport(int Context, int Rows, int Levels, TimeSpread? Times, IReadOnlyList<PieceReport> Pieces)
{
    public IEnumerable<PieceReport> Operations => Pieces.Where(piece => piece.IsOfPass);

    /// <summary>The pass's floor.</summary>
    public OperationCost Cost => Operations.Aggregate(default(OperationCost), (sum, piece) => sum + piece.Cost);

    /// <summary>The sum of the pass's operations, each measured by itself; null without times.</summary>
    public double? SumOfParts => Operations.All(piece => piece.Seconds is not null) ? Operations.Sum(piece => piece.Seconds) : null;

    /// <summary>Seconds of the pass: measured or, on a device without times, the sum of predictions.</summary>
    public double? Seconds => Times?.Median ?? SumOfParts;

    /// <summary>Seconds of one piece.</summary>
    public double? SecondsOf(string piece) => Pieces.First(one => one.Name == piece).Seconds;
}

/// <summary>One piece of a step, in all layers.</summary>
/// <param name="Name">Its name.</param>
/// <param name="IsOfPass">Whether it is an operation of the forward pass.</param>
/// <param name="Cost">Its floor.</param>
/// <param name="Times">Its times; null on a device without times.</param>
/// <param name="Counts">What its launches do; null on a device with times.</param>
/// <param name="Predicted">The seconds predicted from the counts, and what takes most of them; null if nothing is predicted.</param>
internal sealed record PieceReport(string Name, bool IsOfPass, OperationCost Cost, TimeSpread? Times, LaunchCounts? Counts, PredictedTime? Predicted)
{
    public double? Seconds => Times?.Median ?? Predicted?.Seconds;
}

/// <summary>Whole steps of the loop.</summary>
/// <param name="Tree">The tree; a lone root without a draft.</param>
/// <param name="Context">The tokens of the prompt.</param>
/// <param name="Times">Of one step.</param>
/// <param name="TokensPerStep">With random weights this says nothing about texts.</param>
internal sealed record StepReport(TokenTree Tree, int Context, TimeSpread Times, double TokensPerStep);

/// <summary>Repeated passes whose results must not differ.</summary>
/// <param name="Passes">The number of passes.</param>
/// <param name="Rows">The rows of each.</param>
/// <param name="Hash">The hash of all logits of the first pass.</param>
/// <param name="Problem">The first difference; null if there is none.</param>
internal sealed record SoakReport(int Passes, int Rows, string Hash, string? Problem);
