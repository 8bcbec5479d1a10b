using TorchSharp;
using static TorchSharp.torch;

namespace Sequoia.Training.Modelling;

/// <summary>Rotary positions in Hugging Face's layout: dimension i turns together with i + half.</summary>
internal sealed class Rope
{
    private readonly Tensor _cos;
    private readonly Tensor _sin;

    public Rope()
    {
        using DisposeScope scope = NewDisposeScope();
        const int half = LlamaShape.HeadDim / 2;
        Tensor rates = pow(LlamaShape.RopeTheta, arange(half, ScalarType.Float32).mul(-1.0 / half));
        Tensor angles = outer(arange(LlamaShape.Positions, ScalarType.Float32), rates);
        Tensor both = cat([angles, angles], dim: 1);
        _cos = both.cos().MoveToOuterDisposeScope();
        // The sign of the half that is subtracted is kept in the table.
        Tensor sin = angles.sin();
        _sin = cat([sin.neg(), sin], dim: 1).MoveToOuterDisposeScope();
        _cos.DetachFromDisposeScope();
        _sin.DetachFromDisposeScope();
    }

    /// <summary><paramref name="x"/>: [batch, heads, positions, head dim], its first position at <paramref name="start"/>.</summary>
    public Tensor Apply(Tensor x, long start)
    {
        const int half = LlamaShape.HeadDim / 2;
        Tensor[] halves = x.split(half, dim: -1);
        return x * _cos.narrow(0, start, x.shape[2]) + cat([halves[1], halves[0]], dim: -1) * _sin.narrow(0, start, x.shape[2]);
    }
}
