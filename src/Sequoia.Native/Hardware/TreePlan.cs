namespace Sequoia.Native;

/// <summary>A tree and what is expected of it.</summary>
/// <param name="Tree">The shape; a lone root where no tree is faster than one token at a time.</param>
/// <param name="ExpectedTokens">Tokens a step, the bonus token included.</param>
/// <param name="Speedup">Predicted times as fast as one token at a time; 1 for the lone root.</param>
/// <param name="BestSpeedup">The same of the best tree there is, also where it is not taken.</param>
public sealed record TreePlan(TokenTree Tree, double ExpectedTokens, double Speedup, double BestSpeedup);
