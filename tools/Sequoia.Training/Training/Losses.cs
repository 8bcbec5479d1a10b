using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Sequoia.Training.Training;

/// <summary>What the two models are trained on, and what the draft is wanted for.</summary>
internal static class Losses
{
    /// <summary>Cross-entropy of the next id; <paramref name="logits"/> [n, vocabulary], <paramref name="next"/> [n].</summary>
    public static Tensor Text(Tensor logits, Tensor next) => F.cross_entropy(logits, next);

    /// <summary>
    /// The gradient, by the draft's logits, of temperature * KL(target || draft) with both at one temperature, mixed
    /// with <paramref name="textShare"/> of the text's cross-entropy. Both are a difference of probabilities;
    /// written out, it takes half the passes over these large arrays that differentiating the losses would.
    /// The target's logits come from the same step, so distilling costs no pass of the target.
    /// </summary>
    public static Tensor DraftGradient(Tensor draftLogits, Tensor targetLogits, Tensor next, double temperature, double textShare)
    {
        Tensor gradient = F.softmax(draftLogits / temperature, 1).sub_(F.softmax(targetLogits / temperature, 1));
        if (textShare > 0)
        {
            Tensor text = F.softmax(draftLogits, 1);
            text.scatter_add_(1, next.unsqueeze(1), ones(next.numel(), 1).neg_());
            gradient.lerp_(text, textShare);
        }

        return gradient.div_(next.numel());
    }

    /// <summary>
    /// The chance, at every position, that a token drawn from the draft is accepted: sum over the vocabulary of
    /// the smaller of the two probabilities.
    /// </summary>
    public static Tensor Acceptance(Tensor draftLogits, Tensor targetLogits, double temperature) =>
        minimum(F.softmax(draftLogits / temperature, 1), F.softmax(targetLogits / temperature, 1)).sum(1);
}
