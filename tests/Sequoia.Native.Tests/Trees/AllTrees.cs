namespace Sequoia.Native.Tests.Trees;

/// <summary>The best of all trees, by trying each: every further node goes below any earlier one. Shapes come up several times, which does no harm.</summary>
internal sealed class AllTrees
{
    private readonly double[][] _rows;
    private readonly int _levels;
    private readonly int[] _depths;
    private readonly int[] _children;
    private readonly double[] _reached;

    private AllTrees(double[][] rows, int size, int levels)
    {
        (_rows, _levels) = (rows, levels);
        (_depths, _children, _reached) = (new int[size], new int[size], new double[size]);
        _reached[0] = 1;
    }

    /// <inheritdoc cref="NaiveRecurrence.Best"/>
    public static double Best(double[][] rows, int size, int levels) => new AllTrees(rows, size, levels).Extend(1, 1);

    private double Extend(int count, double sum)
    {
        double best = sum;
        for (int parent = 0; count < _depths.Length && parent < count; parent++)
        {
            double[] row = _rows[Math.Min(_depths[parent], _rows.Length - 1)];
            if (_depths[parent] + 1 >= _levels || _children[parent] == row.Length)
                continue;
            _reached[count] = _reached[parent] * row[_children[parent]++];
            _depths[count] = _depths[parent] + 1;
            _children[count] = 0;
            best = Math.Max(best, Extend(count + 1, sum + _reached[count]));
            _children[parent]--;
        }
        return best;
    }
}
