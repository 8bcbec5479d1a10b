namespace Sequoia.Native.Models;

/// <summary>How a model scales its rotary frequencies to extend its original training context.</summary>
internal abstract record RopeScaling
{
    /// <summary>The frequency to use in place of <paramref name="frequency"/> (radians per position).</summary>
    public abstract double Scale(double frequency);

    /// <summary>Divides every position by the factor.</summary>
    public sealed record Linear(double Factor) : RopeScaling
    {
        public override double Scale(double frequency) => frequency / Factor;
    }

    /// <summary>Llama 3.1: divides long wavelengths by the factor and keeps short ones, with a ramp between them.</summary>
    public sealed record Llama3(double Factor, double LowFrequencyFactor, double HighFrequencyFactor, int OriginalContext) : RopeScaling
    {
        public override double Scale(double frequency)
        {
            double turns = OriginalContext * frequency / (2 * Math.PI);
            double keep = Math.Clamp((turns - LowFrequencyFactor) / (HighFrequencyFactor - LowFrequencyFactor), 0, 1);
            return ((1 - keep) * frequency / Factor) + (keep * frequency);
        }
    }

    /// <summary>Reads `rope_scaling` (or the newer `rope_parameters`); null if there is no scaling.</summary>
    public static RopeScaling? Read(JsonSection? scaling)
    {
        if (scaling is null)
            return null;
        string? type = scaling.OptionalText("rope_type") ?? scaling.OptionalText("type");
        switch (type)
        {
            case null or "default":
                return null;
            case "linear":
                return new Linear(scaling.PositiveNumber("factor"));
            case "llama3":
                double low = scaling.PositiveNumber("low_freq_factor"), high = scaling.PositiveNumber("high_freq_factor");
                if (high <= low)
                    throw scaling.Problem("high_freq_factor", $"must be above low_freq_factor ({low})");
                return new Llama3(scaling.PositiveNumber("factor"), low, high, scaling.PositiveInt("original_max_position_embeddings"));
            default:
                throw scaling.Problem("rope_type", $"'{type}' is not supported; linear and llama3 are");
        }
    }
}
