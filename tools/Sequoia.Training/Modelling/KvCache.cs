using static TorchSharp.torch;

namespace Sequoia.Training.Modelling;

/// <summary>Keys and values of the positions so far, for a batch of equally long texts.</summary>
internal sealed class KvCache(int layers)
{
    private readonly (Tensor Keys, Tensor Values)?[] _layers = new (Tensor, Tensor)?[layers];

    public long Length { get; private set; }

    public (Tensor Keys, Tensor Values) Append(int layer, Tensor keys, Tensor values)
    {
        (Tensor Keys, Tensor Values) now = _layers[layer] is { } old
            ? (cat([old.Keys, keys], dim: 2), cat([old.Values, values], dim: 2))
            : (keys, values);
        _layers[layer] = now;
        return now;
    }

    public void Advance(long positions) => Length += positions;
}
