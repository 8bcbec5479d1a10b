namespace Sequoia.Native;

/// <summary>
/// How the children of a tree's nodes are drawn, and how the target then accepts one of them or emits another token. All are
/// lossless: the output has exactly the target's distribution. At temperature 0 all are the same: the children are the draft's
/// likeliest tokens, and the target's likeliest token is followed.
/// </summary>
public enum SpeculationMethod
{
    /// <summary>
    /// Children without replacement; a rejected one leaves the draft's distribution (Sequoia paper, section 3.2). On a chain this is
    /// classical speculative sampling.
    /// </summary>
    Sequoia,

    /// <summary>
    /// Children with replacement, each independent of the others; the draft's distribution stays as it is after a rejection
    /// (SpecInfer, Miao et al., ASPLOS 2024). A baseline to compare with.
    /// </summary>
    SpecInfer,

    /// <summary>
    /// Children are the draft's likeliest tokens; the target draws a token by itself, and the child that equals it is followed
    /// ("top-k" in the Sequoia paper). A baseline to compare with.
    /// </summary>
    TargetOnly,
}
