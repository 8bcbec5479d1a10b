using Sequoia.Native.Execution.Cuda.Parameters;
using Sequoia.Native.Numerics;

namespace Sequoia.Native.Diagnostics.Kernels;

/// <summary>distribution.cuh on the host: what a row's scale makes of its logits.</summary>
internal static class RowLaw
{
    public static float Probability(float logit, in RowScale scale)
    {
        float weight = ExactMath.Exp(LanesScalar.Broadcast((logit / scale.Temperature) - scale.Max))[0];
        float p = (weight < scale.CountFloor ? 0 : weight) / scale.Sum;
        return (p < scale.MassFloor ? 0 : p) / scale.Kept;
    }
}
