namespace Sequoia.Native.Sampling;

/// <summary>How a distribution is made from logits: temperature, then top-k, then top-p, then renormalised.</summary>
/// <param name="Temperature">0 is greedy.</param>
/// <param name="TopP">Keeps the most probable tokens whose mass reaches this; 1 keeps all.</param>
/// <param name="TopK">Keeps that many tokens (all ties at the last place); 0 keeps all.</param>
internal readonly record struct SamplingOptions(float Temperature, float TopP = 1, int TopK = 0)
{
    public bool Greedy => Temperature == 0;
}
