using System.Globalization;

namespace Sequoia.Native;

/// <summary>
/// Which tree to speculate with. Written as none, chain:N (N drafted tokens in a row), chains:WxL (W paths of L tokens),
/// optimal:N or optimal:NxL (the best tree of at most N nodes and L levels, root included, for the measured acceptance),
/// auto, or the name of a tree file that ends in .json. Immutable and thread-safe.
/// </summary>
public sealed class TreePolicy
{
    private const string Known = "none, chain:N, chains:WxL, optimal:N, optimal:NxL, auto, FILE.json";

    // The tree of auto when the hardware is not measured: it pays off wherever a pass over three tokens costs less than two passes over one.
    private const int AutoSize = 3;
    private const int AutoLevels = 3;

    private readonly string _text;
    private readonly bool _needsAcceptance;
    private readonly Func<AcceptanceVector?, TokenTree> _resolve;

    private TreePolicy(string text, bool needsAcceptance, Func<AcceptanceVector?, TokenTree> resolve) =>
        (_text, _needsAcceptance, _resolve) = (text, needsAcceptance, resolve);

    /// <summary>No speculation: one token at a time.</summary>
    public static TreePolicy None { get; } = Fixed("none", TokenTree.Root);

    /// <summary>
    /// The fastest tree for the pair's measured acceptance and the measured costs of its passes, which may be a
    /// lone root. <see cref="Resolve"/>, which has no costs, gives the optimal tree of three nodes.
    /// </summary>
    public static TreePolicy Auto { get; } = OfAcceptance("auto", AutoSize, AutoLevels);

    /// <summary>The policy for a pair without measured acceptance.</summary>
    public static TreePolicy Unmeasured { get; } = Chain(2);

    /// <summary>A chain of <paramref name="drafted"/> tokens.</summary>
    public static TreePolicy Chain(int drafted) => Fixed($"chain:{drafted}", TokenTree.Chain(drafted));

    /// <summary><paramref name="width"/> paths of <paramref name="length"/> tokens.</summary>
    public static TreePolicy Chains(int width, int length) => Fixed($"chains:{width}x{length}", TokenTree.Chains(width, length));

    /// <summary>The best tree with at most these numbers of nodes and levels (null: any), including the root.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A number is not in 1..65536.</exception>
    public static TreePolicy Optimal(int maxSize, int? maxLevels = null) =>
        OfAcceptance(maxLevels is null ? $"optimal:{maxSize}" : $"optimal:{maxSize}x{maxLevels}", maxSize, maxLevels);

    /// <summary>This exact tree.</summary>
    public static TreePolicy FromTree(TokenTree tree)
    {
        ArgumentNullException.ThrowIfNull(tree);
        return Fixed($"a tree of {tree.Size} nodes", tree);
    }

    /// <summary>Parses a policy as written on the command line; a tree file is loaded at once.</summary>
    /// <exception cref="InvalidInputException">The text is not one of the known forms, a number is out of range, or the file is invalid.</exception>
    public static TreePolicy Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.EndsWith(".json", StringComparison.OrdinalIgnoreCase))
            return Fixed(text, TokenTree.Load(text));
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        string kind = colon < 0 ? text : text[..colon];
        int[]? numbers = colon < 0 ? [] : Numbers(text[(colon + 1)..]);
        return (kind, numbers) switch
        {
            ("none", []) => None,
            ("auto", []) => Auto,
            ("chain", [var drafted]) when drafted < TokenTree.MaxSize => Chain(drafted),
            ("chains", [var width, var length]) when (long)width * length < TokenTree.MaxSize => Chains(width, length),
            ("optimal", [<= TokenTree.MaxSize and var size]) => Optimal(size),
            ("optimal", [<= TokenTree.MaxSize and var size, <= TokenTree.MaxSize and var levels]) => Optimal(size, levels),
            ("chain" or "chains" or "optimal", _) => throw new InvalidInputException(
                $"tree \"{text}\": the numbers must be whole, at least 1, and give at most {TokenTree.MaxSize} nodes, as in {Example(kind)}")
            { Parameter = "tree" },
            _ => throw new InvalidInputException($"tree \"{text}\": is not known; use one of {Known}") { Parameter = "tree" },
        };
    }

    /// <summary>
    /// The default policy: none without a draft, auto if the draft's acceptance is known
    /// (<see cref="AcceptanceVector.OfDraft"/>), otherwise <see cref="Unmeasured"/>.
    /// </summary>
    /// <param name="draftFolder">The draft's folder; null without a draft.</param>
    public static TreePolicy DefaultFor(string? draftFolder) =>
        draftFolder is null ? None : AcceptanceVector.IsKnownFor(draftFolder) ? Auto : Unmeasured;

    /// <summary>The tree for a draft; its acceptance is read only if the policy needs it.</summary>
    /// <param name="draftFolder">The draft's folder; null without a draft.</param>
    /// <exception cref="InvalidInputException">The policy needs an acceptance vector, and it is missing or invalid.</exception>
    public TokenTree ResolveFor(string? draftFolder) =>
        Resolve(_needsAcceptance && draftFolder is not null ? AcceptanceVector.OfDraft(draftFolder) : null);

    /// <summary>The tree itself. Only optimal and auto use <paramref name="acceptance"/>.</summary>
    /// <exception cref="InvalidInputException">The policy needs an acceptance vector and there is none.</exception>
    public TokenTree Resolve(AcceptanceVector? acceptance) => _resolve(acceptance);

    /// <summary>The policy in the form that <see cref="Parse"/> reads, if it has one.</summary>
    public override string ToString() => _text;

    private static TreePolicy Fixed(string text, TokenTree tree) => new(text, false, _ => tree);

    private static TreePolicy OfAcceptance(string text, int maxSize, int? maxLevels)
    {
        foreach (int number in (int[])[maxSize, maxLevels ?? 1])
        {
            if (number is < 1 or > TokenTree.MaxSize)
                throw new ArgumentOutOfRangeException(nameof(maxSize), number, $"sizes and levels must be in 1..{TokenTree.MaxSize}");
        }
        return new TreePolicy(text, true, acceptance => OptimalTree.Build(
            acceptance ?? throw new InvalidInputException(
                $"tree \"{text}\": needs the acceptance of this model pair, acceptance.json in the draft's folder; measure it, or use chain:4")
            { Parameter = "acceptance" },
            maxSize,
            maxLevels));
    }

    // Null if they are not whole numbers from 1, joined by x.
    private static int[]? Numbers(string text)
    {
        string[] parts = text.Split('x');
        int[] numbers = new int[parts.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            if (!int.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out numbers[i]) || numbers[i] < 1)
                return null;
        }
        return numbers;
    }

    private static string Example(string kind) => kind switch
    {
        "chain" => "chain:4",
        "chains" => "chains:2x4",
        _ => "optimal:32 or optimal:32x6",
    };
}
