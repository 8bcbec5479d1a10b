using Sequoia.Native;

namespace Sequoia.Cli.Compare;

/// <summary>A speculation method: how children are drawn and verified, and which tree shape of a size suits it best (docs/compare.md).</summary>
internal sealed record ComparedMethod(string Name, string Title, SpeculationMethod Verifier, Func<AcceptanceVector, int, TokenTree> Shape)
{
    /// <summary>One token at a time: the baseline of speedups.</summary>
    public const string Autoregressive = "autoregressive";

    public static IReadOnlyList<ComparedMethod> All { get; } =
    [
        new("sequoia", "Sequoia", SpeculationMethod.Sequoia, Optimal),
        new("specinfer", "SpecInfer", SpeculationMethod.SpecInfer, Optimal),
        new("topk", "top-k", SpeculationMethod.TargetOnly, Optimal),
        // A shorter chain is never expected to give more tokens.
        new("chain", "chain", SpeculationMethod.Sequoia, (_, size) => size == 1 ? TokenTree.Root : TokenTree.Chain(size - 1)),
        new("chains", "k chains", SpeculationMethod.Sequoia, BestChains),
    ];

    /// <summary>Reads comma-separated names.</summary>
    public static ComparedMethod[] Parse(string text)
    {
        string[] names = text.Split(',');
        if (names.FirstOrDefault(name => All.All(method => method.Name != name)) is { } unknown)
            throw new InvalidInputException($"--methods {text}: '{unknown}' is not known; use some of {string.Join(',', All.Select(method => method.Name))}");
        if (names.Distinct().Count() < names.Length)
            throw new InvalidInputException($"--methods {text}: one comes twice; give each once");
        return [.. All.Where(method => names.Contains(method.Name))];
    }

    private static TokenTree Optimal(AcceptanceVector p, int size) => OptimalTree.Build(p, size);

    private static TokenTree BestChains(AcceptanceVector p, int size) => Enumerable.Range(1, Math.Min(size - 1, p.Count))
        .Select(width => TokenTree.Chains(width, (size - 1) / width))
        .DefaultIfEmpty(TokenTree.Root)
        .MaxBy(tree => OptimalTree.ExpectedTokens(tree, p))!;
}
