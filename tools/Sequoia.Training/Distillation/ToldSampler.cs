using Sequoia.Training.Corpus;

namespace Sequoia.Training.Distillation;

/// <summary>Gives the told rows in a new order every time round.</summary>
internal sealed class ToldSampler
{
    private readonly ToldText _text;
    private readonly ulong _seed;
    private readonly int[] _order;

    // Only the first rows are given.
    public ToldSampler(ToldText text, int rows, ulong seed, ToldSamplerState? state = null)
    {
        (_text, _seed) = (text, seed);
        _order = new int[rows];
        State = state ?? new ToldSamplerState(0, 0);
        Shuffle();
    }

    public ToldSamplerState State { get; private set; }

    /// <summary>Fills <paramref name="batch"/> with rows of ids, one behind the other.</summary>
    public void Next(Span<long> batch)
    {
        for (int at = 0; at < batch.Length; at += ToldText.RowLength)
        {
            if (State.Next == _order.Length)
            {
                State = new ToldSamplerState(State.Epoch + 1, 0);
                Shuffle();
            }

            _text.CopyRow(_order[State.Next], batch.Slice(at, ToldText.RowLength));
            State = State with { Next = State.Next + 1 };
        }
    }

    private void Shuffle()
    {
        for (int i = 0; i < _order.Length; i++) _order[i] = i;
        BatchSampler.Shuffle(_order, SplitMix64.Hash(_seed, (ulong)State.Epoch));
    }
}

/// <summary>Where a <see cref="ToldSampler"/> stands.</summary>
internal sealed record ToldSamplerState(int Epoch, int Next);
