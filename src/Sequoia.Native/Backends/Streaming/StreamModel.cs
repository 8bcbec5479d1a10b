namespace Sequoia.Native.Backends.Streaming;

/// <summary>
/// Predicts the seconds of a step whose target's weights are streamed. A step cannot be shorter than what it computes, and not shorter than
/// what it reads: all that is not resident, and while nothing waits for weights (drafting, verifying) reading goes on until the ring is full.
/// </summary>
internal sealed record StreamModel
{
    /// <summary>The bytes of all weights that can be streamed.</summary>
    public required long WeightBytes { get; init; }

    /// <summary>The plan for a decoder of given sizes; throws if the memory is too small.</summary>
    public required Func<DecoderSizes, PlacementPlan> PlanFor { get; init; }

    /// <summary>The rate of reading.</summary>
    public required double LinkBytesPerSecond { get; init; }

    /// <summary>The number of prompt tokens in one pass, which needs memory too.</summary>
    public required int PrefillRows { get; init; }

    /// <summary>The bytes that a decoder with this tree streams, and the ring; null if it does not fit the memory.</summary>
    public PlacementPlan? TryPlan(TokenTree tree, int context)
    {
        try
        {
            return PlanFor(new DecoderSizes([tree], context, PrefillRows, tree.Size > 1));
        }
        catch (InvalidInputException)
        {
            return null;
        }
    }

    /// <summary>Seconds of a step.</summary>
    /// <param name="plan">Where the weights are.</param>
    /// <param name="pass">Seconds that the target's pass computes.</param>
    /// <param name="others">Seconds of everything else in a step: drafting and verifying.</param>
    public double StepSeconds(PlacementPlan plan, double pass, double others) =>
        Math.Max(pass + others, (plan.StreamedBytes / LinkBytesPerSecond) + Math.Max(0, others - (plan.RingBytes / LinkBytesPerSecond)));
}
