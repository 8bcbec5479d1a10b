namespace Sequoia.Native;

/// <summary>
/// The costs of the parts of a step with a pair of models on a device, as measured by <see cref="HardwareMeter"/>. These and the
/// pair's acceptance determine the best tree (<see cref="AutoTree"/>). Immutable and thread-safe.
/// </summary>
internal sealed class HardwareCosts
{
    /// <summary>Takes the measured costs, by ascending context.</summary>
    /// <exception cref="InvalidInputException">There are no costs, contexts do not ascend, or a time is not positive.</exception>
    public HardwareCosts(HardwareKey key, DateTimeOffset date, double verifySeconds, IReadOnlyList<ContextCosts> contexts)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(contexts);
        if (contexts.Count == 0 || contexts.Zip(contexts.Skip(1)).Any(pair => pair.First.Context >= pair.Second.Context))
            throw new InvalidInputException("hardware costs: contexts must ascend, and there must be one");
        if (!(verifySeconds > 0 && verifySeconds < double.PositiveInfinity))
            throw new InvalidInputException("hardware costs: the time to verify a node is not positive");
        if (contexts.Any(c => !(c.Root.Median > 0 && c.Root.Median < double.PositiveInfinity)))
            throw new InvalidInputException("hardware costs: the time of the draft's first pass is not positive");
        (Key, Date, VerifySeconds, Contexts) = (key, date, verifySeconds, [.. contexts]);
    }

    /// <summary>The key of the measurement.</summary>
    public HardwareKey Key { get; }

    /// <summary>The time of the measurement.</summary>
    public DateTimeOffset Date { get; }

    /// <summary>Seconds to verify one visited node, or to sample the one token of autoregressive decoding.</summary>
    public double VerifySeconds { get; }

    /// <summary>The passes, by context.</summary>
    public IReadOnlyList<ContextCosts> Contexts { get; }

    /// <summary>The maximum number of rows of a target pass that were measured at every context.</summary>
    public int MostRows => Contexts.Min(c => c.Target.Points[^1].Rows);

    /// <summary>Seconds of a step that decodes one token without speculation.</summary>
    public double PlainSeconds(int context) => TargetSeconds(1, context) + VerifySeconds;

    /// <summary>Seconds of the target's pass over <paramref name="rows"/> tokens.</summary>
    public double TargetSeconds(int rows, int context) => Interpolate(context, costs => costs.Target.At(rows));

    /// <summary>Seconds of a step's first draft pass, over the root, and of drawing its children.</summary>
    public double RootSeconds(int context) => Interpolate(context, costs => costs.Root.Median);

    /// <summary>Seconds to draft one further level: a pass over its inner nodes and drawing their children.</summary>
    public double DraftSeconds(int rows, int context) => Interpolate(context, costs => costs.Draft.At(rows));

    /// <summary>
    /// Seconds of a step with a tree that commits <paramref name="expectedTokens"/>: the engine's draft passes (one for each
    /// level with inner nodes: leaves need none), the target's pass over all nodes, and one verification per token.
    /// </summary>
    public double StepSeconds(TokenTree tree, double expectedTokens, int context)
    {
        ArgumentNullException.ThrowIfNull(tree);
        return DraftingSeconds(tree, context) + TargetSeconds(tree.Size, context) + (VerifySeconds * expectedTokens);
    }

    /// <summary>Seconds to draft a tree: one pass for each level with inner nodes.</summary>
    public double DraftingSeconds(TokenTree tree, int context)
    {
        ArgumentNullException.ThrowIfNull(tree);
        if (tree.Size == 1)
            return 0;
        int[] inner = new int[tree.Levels];
        for (int node = 0; node < tree.Size; node++)
        {
            if (tree.ChildCount(node) > 0)
                inner[tree.Depth(node)]++;
        }
        double drafting = RootSeconds(context);
        for (int level = 1; level < inner.Length && inner[level] > 0; level++)
            drafting += DraftSeconds(inner[level], context);
        return drafting;
    }

    // Linear between the measured contexts; constant outside of them.
    private double Interpolate(int context, Func<ContextCosts, double> cost)
    {
        int right = 0;
        while (right < Contexts.Count && Contexts[right].Context < context)
            right++;
        if (right == 0)
            return cost(Contexts[0]);
        if (right == Contexts.Count)
            return cost(Contexts[^1]);
        (ContextCosts a, ContextCosts b) = (Contexts[right - 1], Contexts[right]);
        double share = (double)(context - a.Context) / (b.Context - a.Context);
        return (cost(a) * (1 - share)) + (cost(b) * share);
    }
}

/// <summary>The costs after a number of committed tokens.</summary>
/// <param name="Context">Committed tokens.</param>
/// <param name="Target">The target's pass over a whole tree, logits included.</param>
/// <param name="Root">The draft's first pass of a step, over the root, after the target has used the caches; and drawing the root's children.</param>
/// <param name="Draft">The draft's further passes, each over one level's inner nodes; and drawing their children.</param>
internal sealed record ContextCosts(int Context, CostCurve Target, CostPoint Root, CostCurve Draft);
