namespace Sequoia.Native.Models;

/// <summary>How a model stretches its rotary frequencies beyond the context it was trained on first.</summary>
internal abstract record RopeScaling
{
    /// <summary>The frequency to use in place of <paramref name="frequency"/> (radians per position).</summary>
    public abstract double Scale(double frequency);

    /// <summary>Every position divided by the factor.</summary>
    public sealed record Linear(double Factor) : RopeScaling
    {
        public override double Scale(double frequency) => frequency / Factor;
    }

    /// <summary>Llama 3.1: long wavelengths divided by the factor, short ones kept, a ramp between them.</summary>
    public sealed record Llama3(double Factor, double LowFrequencyFactor, double HighFrequencyFactor, int OriginalContext) : RopeScaling
    {
        public override double Scale(double frequency)
        {
            double turns = OriginalContext * frequency / (2 * Math.PI);
            double keep = Math.Clamp((turns - LowFrequencyFactor) / (HighFrequencyFactor - LowFrequencyFactor), 0, 1);
            return ((1 - keep) * frequency / Factor) + (keep * frequency);
        }
    }

    /// <summary>Reads `rope_scaling` (or the newer `rope_parameters`); null where nothing is scaled.</summary>
    public static RopeScaling? Read(JsonFile? scaling)
    {
        if (scaling is null)
            return null;
        string? type = scaling.Text("rope_type") ?? scaling.Text("type");
        switch (type)
        {
            case null or "default":
                return null;
            case "linear":
                return new Linear(Positive(scaling, "factor"));
            case "llama3":
                double low = Positive(scaling, "low_freq_factor"), high = Positive(scaling, "high_freq_factor");
                if (high <= low)
                    throw scaling.Bad("rope_scaling.high_freq_factor", $"must be above low_freq_factor ({low})");
                return new Llama3(Positive(scaling, "factor"), low, high, scaling.PositiveInt("original_max_position_embeddings"));
            default:
                throw scaling.Bad("rope_scaling.rope_type", $"'{type}' is not supported; linear and llama3 are");
        }
    }

    private static double Positive(JsonFile scaling, string key)
    {
        double value = scaling.Number(key);
        return value > 0 ? value : throw scaling.Bad($"rope_scaling.{key}", $"a number above 0 is expected, not {value}");
    }
}
