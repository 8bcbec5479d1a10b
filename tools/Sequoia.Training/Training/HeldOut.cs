using Sequoia.Training.Corpus;
using Sequoia.Training.Modelling;
using TorchSharp;
using static TorchSharp.torch;

namespace Sequoia.Training.Training;

/// <summary>Both models' losses on held-out documents, source by source.</summary>
internal static class HeldOut
{
    /// <summary>Nats per id over the first <paramref name="documents"/> held-out documents, each read from its start.</summary>
    public static SortedDictionary<string, HeldOutLoss> Measure(TokenStore store, Llama target, Llama draft, int documents)
    {
        var result = new SortedDictionary<string, HeldOutLoss>(StringComparer.Ordinal);
        using (no_grad())
        {
            foreach (Source source in Source.All)
            {
                double targetSum = 0, draftSum = 0, accepted = 0;
                long count = 0;
                foreach (ReadOnlyMemory<ushort> document in store.Documents(source.Name, heldOut: true).Take(documents))
                {
                    using DisposeScope scope = NewDisposeScope();
                    int length = Math.Min(document.Length, LlamaShape.Positions + 1);
                    long[] ids = [.. document[..length].ToArray().Select(id => (long)id)];
                    Tensor all = tensor(ids).unsqueeze(0);
                    Tensor input = all.narrow(1, 0, length - 1), next = all.narrow(1, 1, length - 1).flatten();
                    Tensor targetLogits = target.Forward(input).flatten(0, 1), draftLogits = draft.Forward(input).flatten(0, 1);
                    targetSum += Losses.Text(targetLogits, next).item<float>() * (length - 1);
                    draftSum += Losses.Text(draftLogits, next).item<float>() * (length - 1);
                    accepted += Losses.Acceptance(draftLogits, targetLogits, 0.6).sum().item<float>();
                    count += length - 1;
                }

                if (count > 0)
                    result[source.Name] = new HeldOutLoss(targetSum / count, draftSum / count, accepted / count, count);
            }
        }

        return result;
    }
}

/// <summary>Means over <paramref name="Tokens"/> predictions.</summary>
internal sealed record HeldOutLoss(double Target, double Draft, double AcceptanceAt06, long Tokens);
