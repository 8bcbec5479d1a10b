namespace Sequoia.Native;

/// <summary>The costs behind a number of committed tokens.</summary>
/// <param name="Context">Committed tokens.</param>
/// <param name="Target">The target's pass over a whole tree, logits included.</param>
/// <param name="Root">The draft's first pass of a step, over the root, when the target has used the caches; and drawing the root's children.</param>
/// <param name="Draft">Its further passes, each over one level's inner nodes; and drawing their children.</param>
public sealed record ContextCosts(int Context, CostCurve Target, CostPoint Root, CostCurve Draft);
