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
    /// with that of -temperature * acceptance. The first draws the draft towards the target from anywhere; the second
    /// is what the draft is for, but vanishes where the two are far apart. Written out, they take half the passes
    /// over these large arrays that differentiating would.
    /// </summary>
    public static Tensor DraftGradient(Tensor draftLogits, Tensor targetLogits, double temperature, double acceptanceShare)
    {
        Tensor q = F.softmax(draftLogits / temperature, 1), p = F.softmax(targetLogits / temperature, 1);
        Tensor gradient = q - p;
        if (acceptanceShare > 0)
        {
            // The sum of min(p, q) grows with q only where q is the smaller one.
            Tensor growing = q.mul(q.less(p));
            Tensor acceptance = q.mul(growing.sum(1, keepdim: true)).sub_(growing);
            gradient.lerp_(acceptance, acceptanceShare);
        }

        return gradient.div_(draftLogits.shape[0]);
    }

    /// <summary>
    /// The chance, at every position, that a token drawn from the draft is accepted: sum over the vocabulary of
    /// the smaller of the two probabilities.
    /// </summary>
    public static Tensor Acceptance(Tensor draftLogits, Tensor targetLogits, double temperature) =>
        minimum(F.softmax(draftLogits / temperature, 1), F.softmax(targetLogits / temperature, 1)).sum(1);
}
