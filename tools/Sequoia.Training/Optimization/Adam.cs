using TorchSharp;
using static TorchSharp.torch;

namespace Sequoia.Training.Optimization;

/// <summary>
/// Adam for what is not a matrix inside a layer: embeddings and norms. Without weight decay: norms need none, and
/// the few epochs do not over-fit an embedding. Written out here because its state has to be saved by name.
/// </summary>
internal sealed class Adam(IReadOnlyDictionary<string, Tensor> weights) : IOptimizer
{
    private const double Beta1 = 0.9;
    private const double Beta2 = 0.98;

    private readonly Dictionary<string, (Tensor Mean, Tensor Square)> _moments = weights.ToDictionary(
        w => w.Key, w => (zeros_like(w.Value).DetachFromDisposeScope(), zeros_like(w.Value).DetachFromDisposeScope()));

    // A tensor too, so that it is saved like everything else; on the CPU, where reading it waits for nothing.
    private readonly Tensor _steps = zeros(1, device: CPU).DetachFromDisposeScope();

    public void Step(double rate)
    {
        using DisposeScope scope = NewDisposeScope();
        _steps.add_(1);
        double t = _steps.item<float>();
        foreach ((string name, Tensor weight) in weights)
        {
            Tensor gradient = weight.grad!;
            (Tensor mean, Tensor square) = _moments[name];
            mean.lerp_(gradient, 1 - Beta1);
            square.lerp_(gradient.square(), 1 - Beta2);
            Tensor divisor = (square / (1 - Math.Pow(Beta2, t))).sqrt_().add_(1e-8);
            weight.addcdiv_(mean, divisor, -rate / (1 - Math.Pow(Beta1, t)));
        }
    }

    public IEnumerable<(string Name, Tensor Value)> State()
    {
        yield return ("steps", _steps);
        foreach ((string name, (Tensor mean, Tensor square)) in _moments)
        {
            yield return (name + ".mean", mean);
            yield return (name + ".square", square);
        }
    }
}
