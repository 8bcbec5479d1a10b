using Sequoia.Native;

namespace Sequoia.Cli;

/// <summary>A tree with what is expected of it; the speedup is null where no costs are known.</summary>
internal sealed record TreeChoice(TokenTree Tree, double ExpectedTokens, double? Speedup);
