namespace Sequoia.Native.Generation;

/// <summary>Counts which child was accepted, 0 for none, by prompt and by the number of acceptances in a row before.</summary>
internal sealed class AcceptanceCounts(int width, int depths)
{
    private readonly List<int[]> _prompts = [];
    private readonly int[][] _depths = [.. Enumerable.Range(0, depths).Select(_ => new int[width + 1])];
    private int _inARow;

    /// <summary>Begins the next prompt.</summary>
    public void NextPrompt()
    {
        _prompts.Add(new int[width + 1]);
        _inARow = 0;
    }

    /// <summary>Counts one step of the present prompt.</summary>
    public void Add(int rank)
    {
        _prompts[^1][rank]++;
        _depths[Math.Min(_inARow, depths - 1)][rank]++;
        _inARow = rank > 0 ? _inARow + 1 : 0;
    }

    /// <exception cref="InvalidInputException">No step was counted.</exception>
    public AcceptanceMeasurement Result()
    {
        int steps = _prompts.Sum(prompt => prompt.Sum());
        if (steps == 0)
            throw new InvalidInputException("prompts: there is none; give at least one");
        // A row of d acceptances begins with shorter ones, so the depths that were met come first.
        int[][] met = [.. _depths.TakeWhile(counts => counts.Sum() > 0)];
        return new AcceptanceMeasurement
        {
            Acceptance = Shares([.. Enumerable.Range(0, width + 1).Select(rank => _prompts.Sum(prompt => prompt[rank]))]),
            StandardErrors = [.. Enumerable.Range(1, width).Select(rank => StandardError(rank, steps))],
            Steps = steps,
            ByDepth = [.. met.Select(Shares)],
            StepsByDepth = [.. met.Select(counts => counts.Sum())],
        };
    }

    private static AcceptanceVector Shares(int[] counts)
    {
        double steps = counts.Sum();
        return new AcceptanceVector([.. counts.Skip(1).Select(count => count / steps)]);
    }

    private double StandardError(int rank, int steps)
    {
        double p = _prompts.Sum(prompt => prompt[rank]) / (double)steps;
        int clusters = _prompts.Count;
        if (clusters == 1)
            return Math.Sqrt(p * (1 - p) / steps);
        double squares = _prompts.Sum(prompt => Math.Pow(prompt[rank] - (p * prompt.Sum()), 2));
        return Math.Sqrt(squares * clusters / (clusters - 1)) / steps;
    }
}
