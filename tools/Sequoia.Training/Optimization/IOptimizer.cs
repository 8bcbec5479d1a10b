using static TorchSharp.torch;

namespace Sequoia.Training.Optimization;

/// <summary>Changes its tensors by their gradients, and shows its state so that it can be saved and loaded in place.</summary>
internal interface IOptimizer
{
    void Step(double rate);

    IEnumerable<(string Name, Tensor Value)> State();
}
