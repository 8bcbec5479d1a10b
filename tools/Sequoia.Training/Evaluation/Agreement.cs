using Sequoia.Training.Modelling;
using Sequoia.Training.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Sequoia.Training.Evaluation;

/// <summary>How often the draft's first guess is taken, on texts that the target told.</summary>
internal static class Agreement
{
    /// <summary>
    /// The mean over the ids behind each prompt. At temperature 0: how often both find the same id likeliest;
    /// otherwise the chance that an id drawn from the draft is accepted.
    /// </summary>
    public static double Measure(Llama target, Llama draft, IEnumerable<long[]> texts, int promptLength, double temperature)
    {
        double sum = 0;
        long count = 0;
        using IDisposable inference = no_grad();
        foreach (long[] text in texts)
        {
            using DisposeScope scope = NewDisposeScope();
            int generated = text.Length - promptLength;
            if (generated == 0) continue;
            Tensor ids = tensor(text[..^1]).unsqueeze(0);
            Tensor p = target.Forward(ids)[0].narrow(0, promptLength - 1, generated);
            Tensor q = draft.Forward(ids)[0].narrow(0, promptLength - 1, generated);
            Tensor same = temperature > 0 ? Losses.Acceptance(q, p, temperature) : p.argmax(1).eq(q.argmax(1)).to(ScalarType.Float32);
            sum += same.sum().item<float>();
            count += generated;
        }

        return sum / count;
    }
}
