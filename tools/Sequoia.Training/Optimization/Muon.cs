using TorchSharp;
using static TorchSharp.torch;

namespace Sequoia.Training.Optimization;

/// <summary>
/// Muon (Jordan et al., 2024) for the matrices inside the layers: momentum, then the update is replaced by the
/// nearest matrix whose singular values are all about one. Every direction learns at the same speed, which takes
/// far fewer tokens than Adam. Few tokens is what a CPU can do.
/// </summary>
internal sealed class Muon(IReadOnlyDictionary<string, Tensor> matrices, double decay) : IOptimizer
{
    private const double Momentum = 0.95;
    private const int Iterations = 5;

    private readonly Dictionary<string, Tensor> _momenta =
        matrices.ToDictionary(m => m.Key, m => zeros_like(m.Value).DetachFromDisposeScope());

    public void Step(double rate)
    {
        using DisposeScope scope = NewDisposeScope();
        // Matrices of one shape go through the iteration together: few large products instead of many small ones.
        foreach (var group in matrices.GroupBy(m => (m.Value.shape[0], m.Value.shape[1])))
        {
            var updates = new List<Tensor>();
            foreach ((string name, Tensor weight) in group)
            {
                Tensor gradient = weight.grad!, momentum = _momenta[name];
                momentum.lerp_(gradient, 1 - Momentum);
                updates.Add(gradient.lerp(momentum, Momentum)); // Nesterov's look ahead
            }

            Tensor orthogonal = Orthogonalize(stack(updates));
            (long rows, long columns) = group.Key;
            double scale = Math.Sqrt(Math.Max(1, (double)rows / columns));
            int i = 0;
            foreach ((_, Tensor weight) in group)
            {
                weight.mul_(1 - rate * decay);
                weight.add_(orthogonal[i++], alpha: -rate * scale);
            }
        }
    }

    public IEnumerable<(string Name, Tensor Value)> State() => _momenta.Select(m => (m.Key + ".momentum", m.Value));

    /// <summary>
    /// Newton-Schulz: an odd polynomial applied to the singular values, without computing them. These published
    /// coefficients rise so steeply at zero that five rounds bring nearly all of them into 0.7 ... 1.2.
    /// </summary>
    internal static Tensor Orthogonalize(Tensor batch)
    {
        (double a, double b, double c) = (3.4445, -4.7750, 2.0315);
        bool tall = batch.shape[1] > batch.shape[2];
        Tensor x = tall ? batch.transpose(1, 2) : batch;
        x = x / (x.square().sum([1, 2], keepdim: true).sqrt() + 1e-7);
        for (int i = 0; i < Iterations; i++)
        {
            Tensor square = x.bmm(x.transpose(1, 2));
            Tensor polynomial = square * b + square.bmm(square) * c;
            x = x * a + polynomial.bmm(x);
        }

        return tall ? x.transpose(1, 2) : x;
    }
}
