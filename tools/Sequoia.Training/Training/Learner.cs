using Sequoia.Training.Modelling;
using Sequoia.Training.Optimization;
using TorchSharp;
using static TorchSharp.torch;

namespace Sequoia.Training.Training;

/// <summary>A model with what changes it: Muon for the matrices inside the layers, Adam for the rest.</summary>
internal sealed class Learner
{
    private const double LargestGradient = 1.0;

    private readonly Muon _muon;
    private readonly Adam _adam;

    public Learner(Llama model, double decay)
    {
        Model = model;
        ILookup<bool, KeyValuePair<string, Tensor>> byKind = model.Weights.ToLookup(
            w => w.Value.shape.Length == 2 && w.Key.Contains("layers", StringComparison.Ordinal));
        _muon = new Muon(byKind[true].ToDictionary(), decay);
        _adam = new Adam(byKind[false].ToDictionary());
    }

    public Llama Model { get; }

    public void Step(double muonRate, double adamRate)
    {
        using (no_grad())
        {
            Clip();
            _muon.Step(muonRate);
            _adam.Step(adamRate);
            foreach (Tensor weight in Model.Weights.Values) weight.grad!.zero_();
        }
    }

    // A batch that pulls unusually hard is scaled down, so that one row cannot undo many steps.
    private void Clip()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor norm = stack([.. Model.Weights.Values.Select(w => w.grad!.square().sum())]).sum().sqrt();
        // As a tensor: nobody has to wait for the value.
        Tensor scale = (LargestGradient / norm).clamp_max(1);
        foreach (Tensor weight in Model.Weights.Values) weight.grad!.mul_(scale);
    }

    /// <summary>Everything that a checkpoint has to hold, by name.</summary>
    public IEnumerable<(string Name, Tensor Value)> State()
    {
        foreach ((string name, Tensor value) in Model.Weights) yield return (name, value);
        foreach ((string name, Tensor value) in _muon.State()) yield return ($"muon.{name}", value);
        foreach ((string name, Tensor value) in _adam.State()) yield return ($"adam.{name}", value);
    }
}
