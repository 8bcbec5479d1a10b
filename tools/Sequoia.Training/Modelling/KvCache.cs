using static TorchSharp.torch;

namespace Sequoia.Training.Modelling;

/// <summary>Keys and values of the positions so far, for a batch of equally long texts; room for all of them is made at once.</summary>
internal sealed class KvCache(LlamaShape shape, long batch, long positions)
{
    private readonly (Tensor Keys, Tensor Values)[] _layers =
        [.. Enumerable.Range(0, shape.Layers).Select(_ => (Room(shape, batch, positions), Room(shape, batch, positions)))];

    public long Length { get; private set; }

    /// <summary>Stores those of the new positions, [batch, KV heads, new positions, head dim], and returns those of all.</summary>
    public (Tensor Keys, Tensor Values) Append(int layer, Tensor keys, Tensor values)
    {
        (Tensor allKeys, Tensor allValues) = _layers[layer];
        long count = keys.shape[2];
        allKeys.narrow(2, Length, count).copy_(keys);
        allValues.narrow(2, Length, count).copy_(values);
        return (allKeys.narrow(2, 0, Length + count), allValues.narrow(2, 0, Length + count));
    }

    public void Advance(long count) => Length += count;

    private static Tensor Room(LlamaShape shape, long batch, long positions) =>
        empty(batch, shape.KvHeads, positions, LlamaShape.HeadDim);
}
