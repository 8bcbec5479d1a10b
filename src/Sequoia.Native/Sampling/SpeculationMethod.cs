namespace Sequoia.Native;

/// <summary>
/// How the children of a tree's nodes are drawn, and how the target then accepts one of them or emits another token. All methods are
/// lossless: the output has exactly the target's distribution. At temperature 0 all methods are the same: the children are the draft's
/// most likely tokens, and the target's most likely token is followed.
/// </summary>
public enum SpeculationMethod
{
    /// <summary>
    /// Draws children without replacement; a rejected child is removed from the draft's distribution (Sequoia paper, section 3.2). On a chain this is
    /// classical speculative sampling.
    /// </summary>
    Sequoia,

    /// <summary>
    /// Draws children with replacement, independently of each other; the draft's distribution is unchanged after a rejection
    /// (SpecInfer, Miao et al., ASPLOS 2024). A baseline for comparison.
    /// </summary>
    SpecInfer,

    /// <summary>
    /// Takes the draft's most likely tokens as children. The target draws a token by itself, and the child that equals it is followed
    /// ("top-k" in the Sequoia paper). A baseline for comparison.
    /// </summary>
    TargetOnly,
}
