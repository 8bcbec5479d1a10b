namespace Sequoia.Native;

/// <summary>The costs behind a number of committed tokens.</summary>
/// <param name="Context">Committed tokens.</param>
/// <param name="Target">The target's pass over a whole tree, logits included.</param>
/// <param name="Draft">The draft's pass over one level's inner nodes, and drawing their children.</param>
public sealed record ContextCosts(int Context, CostCurve Target, CostCurve Draft);
