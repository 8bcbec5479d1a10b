using Sequoia.Native.Engine;

namespace Sequoia.Native;

/// <summary>The child accepted at every position of some texts (<see cref="AcceptanceMeter"/>), and its statistics. Immutable and thread-safe.</summary>
internal sealed class AcceptanceMeasurement
{
    /// <summary>Takes the measured ranks.</summary>
    /// <param name="width">The number of children drawn at every position.</param>
    /// <param name="ranks">For each prompt and position, the rank of the accepted child, counted from 1; 0 if none was accepted.</param>
    /// <exception cref="InvalidInputException">There are no positions, or a rank is not in 0..width.</exception>
    public AcceptanceMeasurement(int width, IReadOnlyList<IReadOnlyList<int>> ranks)
    {
        ArgumentNullException.ThrowIfNull(ranks);
        if (ranks.Any(prompt => prompt.Any(rank => rank < 0 || rank > width)))
            throw new InvalidInputException($"ranks: one is not in 0..{width}");
        Steps = ranks.Sum(prompt => prompt.Count);
        if (Steps == 0)
            throw new InvalidInputException("prompts: there is none; give at least one");
        Width = width;
        Ranks = ranks;
        int[] counts = new int[width + 1];
        foreach (int rank in ranks.SelectMany(prompt => prompt))
            counts[rank]++;
        Acceptance = Shares(counts);
        StandardErrors = [.. Enumerable.Range(1, width).Select(StandardError)];
    }

    /// <summary>The number of children drawn at every position.</summary>
    public int Width { get; }

    /// <summary>For each prompt and position, the rank of the accepted child; 0 if none was accepted.</summary>
    public IReadOnlyList<IReadOnlyList<int>> Ranks { get; }

    /// <summary>The number of positions measured: one per token of the texts.</summary>
    public int Steps { get; }

    /// <summary>The share of all steps that accepted child 1, 2, ...</summary>
    public AcceptanceVector Acceptance { get; }

    /// <summary>
    /// The standard error of each of its values. Steps of one text are correlated, so whole prompts count as the independent draws (the
    /// linearised variance of a ratio of sums). With one prompt, only the binomial sqrt(p (1 - p) / steps) is available, which is too small.
    /// </summary>
    public IReadOnlyList<double> StandardErrors { get; }

    /// <summary>
    /// The tokens per step of a tree on these texts, including the bonus token. The ranks are followed down the tree, and a step ends
    /// when the accepted child is not in the tree. Unlike F(T) of the vector (<see cref="OptimalTree.ExpectedTokens(TokenTree, AcceptanceVector)"/>), this
    /// assumes no independence: the children of a narrower node are the first ones of a wide one, and what follows their rejection has
    /// the same distribution with or without further children, so the ranks have the distribution of the tree's own steps. Steps that are cut short
    /// by the end of a text count as censored observations (the product-limit estimate of a mean: Kaplan and Meier, 1958).
    /// </summary>
    /// <exception cref="InvalidInputException">A node has more children than were measured.</exception>
    public double ExpectedTokens(TokenTree tree)
    {
        double expected = 1, reached = 1;
        foreach ((int[] accepted, int stayed) in Walk(tree))
        {
            reached *= (double)stayed / accepted.Sum();
            expected += reached;
        }
        return expected;
    }

    /// <summary>
    /// Acceptance by depth: for nodes 0, 1, ... levels below the root, the vector at the nodes that the steps of a tree visit, and the number
    /// of visits. The sum over a tree's nodes of the products of these is closer to <see cref="ExpectedTokens"/> than F(T) of one
    /// vector, as far as acceptance depends on the number of earlier acceptances. It differs between trees. Ends at the depth that no step reached.
    /// </summary>
    /// <exception cref="InvalidInputException">A node has more children than were measured.</exception>
    public IReadOnlyList<(AcceptanceVector Acceptance, int Steps)> ByDepth(TokenTree tree) =>
        [.. Walk(tree).Select(depth => (Shares(depth.Accepted), depth.Accepted.Sum()))];

    private IEnumerable<(int[] Accepted, int Stayed)> Walk(TokenTree tree)
    {
        ArgumentNullException.ThrowIfNull(tree);
        int most = Enumerable.Range(0, tree.Size).Max(tree.ChildCount);
        return most <= Width ? TreeReplay.Count(tree, Width, Ranks) : throw new InvalidInputException(
            $"tree: a node has {most} children, but acceptance was measured with {Width}");
    }

    private static AcceptanceVector Shares(int[] counts)
    {
        double steps = counts.Sum();
        return new AcceptanceVector([.. counts.Skip(1).Select(count => count / steps)]);
    }

    private double StandardError(int rank)
    {
        double p = Acceptance[rank];
        int prompts = Ranks.Count;
        if (prompts == 1)
            return Math.Sqrt(p * (1 - p) / Steps);
        double squares = Ranks.Sum(prompt => Math.Pow(prompt.Count(accepted => accepted == rank) - (p * prompt.Count), 2));
        return Math.Sqrt(squares * prompts / (prompts - 1)) / Steps;
    }
}
