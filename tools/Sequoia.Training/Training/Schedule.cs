namespace Sequoia.Training.Training;

/// <summary>
/// What changes over a run, as functions of the share of it that is done. That share is measured by the clock
/// when a run is given minutes, so that the rates reach zero on time however busy the machine is.
/// </summary>
internal static class Schedule
{
    /// <summary>Up to 1, level, then linearly to zero.</summary>
    public static double Rate(double progress)
    {
        const double warm = 0.015, decayFrom = 0.25;
        if (progress < warm) return Math.Max(progress, 0.0005) / warm;
        return progress < decayFrom ? 1 : Math.Max(0, (1 - progress) / (1 - decayFrom));
    }

    /// <summary>
    /// The temperature the draft is distilled at. Stories are told at about 0.6, so what the draft learns last
    /// is to agree there.
    /// </summary>
    public static double DistillTemperature(double progress) => 1 - 0.4 * Math.Clamp((progress - 0.2) / 0.3, 0, 1);

    /// <summary>How much of the draft's gradient is that of its acceptance: none until it is near the target.</summary>
    public static double AcceptanceShare(double progress) => 0.8 * Math.Clamp((progress - 0.5) / 0.3, 0, 1);
}
