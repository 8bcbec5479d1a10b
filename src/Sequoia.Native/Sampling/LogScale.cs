namespace Sequoia.Native.Sampling;

/// <summary>What turns a scaled logit z into its probability: p = exp(z - Max) / Sum.</summary>
internal readonly record struct LogScale(float Max, float Sum);
