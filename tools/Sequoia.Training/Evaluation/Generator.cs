using Sequoia.Training.Modelling;
using Sequoia.Training.Tokenization;
using TorchSharp;
using static TorchSharp.torch;

namespace Sequoia.Training.Evaluation;

/// <summary>Continues several prompts of one length at once.</summary>
internal static class Generator
{
    /// <summary>
    /// Returns every prompt with <paramref name="count"/> more ids, each text cut behind its end token.
    /// Temperature 0 takes the likeliest id.
    /// </summary>
    public static List<long[]> Continue(Llama model, IReadOnlyList<long[]> prompts, int count, double temperature, int seed)
    {
        using DisposeScope all = NewDisposeScope();
        using IDisposable inference = no_grad();
        random.manual_seed(seed);
        int length = prompts[0].Length;
        Tensor next = tensor([.. prompts.SelectMany(p => p)], dtype: ScalarType.Int64).reshape(prompts.Count, length);
        List<long>[] texts = [.. prompts.Select(p => p.ToList())];
        var cache = new KvCache(model.Shape, prompts.Count, length + count);
        for (int i = 0; i < count && texts.Any(t => t[^1] != Vocabulary.End); i++)
        {
            Tensor logits = model.Forward(next, cache).select(1, -1);
            next = temperature > 0
                ? nn.functional.softmax(logits / temperature, 1).multinomial(1)
                : logits.argmax(1, keepdim: true);
            long[] ids = next.cpu().data<long>().ToArray();
            for (int t = 0; t < texts.Length; t++)
            {
                if (texts[t][^1] != Vocabulary.End) texts[t].Add(ids[t]);
            }
        }

        return [.. texts.Select(t => t.ToArray())];
    }
}
