namespace Sequoia.Native;

/// <summary>
/// The time of a pass as a function of its rows: linear interpolation of measured medians, which are first made non-decreasing (a pass
/// over more rows cannot take less; a lower median is noise). Immutable and thread-safe.
/// </summary>
internal sealed class CostCurve
{
    private readonly double[] _seconds;

    /// <summary>Takes at least one point, by ascending rows.</summary>
    /// <exception cref="InvalidInputException">There are no points, rows do not ascend from 1 or more, or a time is not positive.</exception>
    public CostCurve(IReadOnlyList<CostPoint> points)
    {
        ArgumentNullException.ThrowIfNull(points);
        if (points.Count == 0)
            throw new InvalidInputException("a cost curve needs at least one measured point");
        for (int i = 0; i < points.Count; i++)
        {
            if (points[i].Rows <= (i == 0 ? 0 : points[i - 1].Rows))
                throw new InvalidInputException($"a cost curve's rows must ascend from 1; {points[i].Rows} does not");
            if (!(points[i].Median > 0 && points[i].Median < double.PositiveInfinity))
                throw new InvalidInputException($"a cost curve's time for {points[i].Rows} rows is not positive");
        }
        Points = [.. points];
        _seconds = NonDecreasing([.. points.Select(point => point.Median)]);
    }

    /// <summary>The measured points.</summary>
    public IReadOnlyList<CostPoint> Points { get; }

    /// <summary>Seconds of a pass over this many rows; after the last point, the last line is extrapolated.</summary>
    public double At(double rows)
    {
        int last = Points.Count - 1;
        if (rows <= Points[0].Rows || last == 0)
            return _seconds[0];
        int right = 1;
        while (right < last && Points[right].Rows < rows)
            right++;
        double from = Points[right - 1].Rows, to = Points[right].Rows;
        return _seconds[right - 1] + ((_seconds[right] - _seconds[right - 1]) * (rows - from) / (to - from));
    }

    /// <summary>The closest non-decreasing sequence by least squares: neighbours in the wrong order are pooled to their mean.</summary>
    private static double[] NonDecreasing(double[] values)
    {
        var pools = new Stack<(double Sum, int Count)>();
        foreach (double value in values)
        {
            (double Sum, int Count) pool = (value, 1);
            while (pools.TryPeek(out (double Sum, int Count) before) && before.Sum / before.Count > pool.Sum / pool.Count)
            {
                pools.Pop();
                pool = (before.Sum + pool.Sum, before.Count + pool.Count);
            }
            pools.Push(pool);
        }
        return [.. pools.Reverse().SelectMany(pool => Enumerable.Repeat(pool.Sum / pool.Count, pool.Count))];
    }
}

/// <summary>Times of passes over a number of rows, in seconds: the median of the repeats and their spread.</summary>
/// <param name="Rows">Tokens in one pass.</param>
/// <param name="Median">Half of the passes took at most this.</param>
/// <param name="Fastest">The fastest pass.</param>
/// <param name="Slowest">The slowest pass.</param>
internal readonly record struct CostPoint(int Rows, double Median, double Fastest, double Slowest);
