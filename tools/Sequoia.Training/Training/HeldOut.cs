using Sequoia.Training.Corpus;
using Sequoia.Training.Modelling;
using TorchSharp;
using static TorchSharp.torch;

namespace Sequoia.Training.Training;

/// <summary>Means over held-out documents, source by source, each document read from its start.</summary>
internal static class HeldOut
{
    /// <summary>A model's loss in nats per id over the first <paramref name="documents"/> of every source.</summary>
    public static SortedDictionary<string, double> Losses(TokenStore store, Llama model, int documents) =>
        Mean(store, documents, (input, next) => Training.Losses.Text(model.Forward(input).flatten(0, 1), next).item<float>());

    /// <summary>How often a token drawn from the draft at temperature 0.6 is accepted.</summary>
    public static SortedDictionary<string, double> Acceptance(TokenStore store, Llama target, Llama draft, int documents) =>
        Mean(store, documents, (input, _) => Training.Losses.Acceptance(
            draft.Forward(input).flatten(0, 1), target.Forward(input).flatten(0, 1), 0.6).mean().item<float>());

    private static SortedDictionary<string, double> Mean(TokenStore store, int documents, Func<Tensor, Tensor, double> measure)
    {
        var result = new SortedDictionary<string, double>(StringComparer.Ordinal);
        using IDisposable inference = no_grad();
        foreach (Source source in Source.All)
        {
            double sum = 0;
            long count = 0;
            foreach (ReadOnlyMemory<ushort> document in store.Documents(source.Name, heldOut: true).Take(documents))
            {
                using DisposeScope scope = NewDisposeScope();
                int length = Math.Min(document.Length, LlamaShape.Positions + 1);
                long[] ids = [.. document[..length].ToArray().Select(id => (long)id)];
                Tensor all = tensor(ids).unsqueeze(0);
                sum += measure(all.narrow(1, 0, length - 1), all.narrow(1, 1, length - 1).flatten()) * (length - 1);
                count += length - 1;
            }

            if (count > 0) result[source.Name] = sum / count;
        }

        return result;
    }
}
