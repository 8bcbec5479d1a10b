using System.Runtime.CompilerServices;

namespace Sequoia.Native.Trees;

/// <summary>
/// A sequence that grows at its end, and its least concave majorant: straight lines between some
/// of its points, the corners.
/// </summary>
internal sealed class ConcaveMajorant
{
    /// <summary>How far out of range on either side positions may be read; they read as minus infinity.</summary>
    public const int Margin = SizeSplit.Tile;

    private readonly double[] _padded;
    private readonly int[] _corners;
    // Excludes the last two lines, which are stored separately: the last one changes with each further value, and where
    // values rise in steps, it and the previous one merge repeatedly.
    private readonly double[] _upper;
    private int _cornerCount;
    private int _lineStart;
    private double _lineSlope;
    private int _earlierStart;
    private double _earlierSlope;

    public ConcaveMajorant(int capacity)
    {
        _padded = new double[Margin + capacity + Margin];
        Array.Fill(_padded, double.NegativeInfinity);
        _corners = new int[capacity];
        _upper = new double[capacity];
    }

    public int Count { get; private set; }

    public ReadOnlySpan<double> Values => _padded.AsSpan(Margin, Count);

    /// <summary>The values from one position on, at most <see cref="Margin"/> before the first; minus infinity if there is none.</summary>
    public ReadOnlySpan<double> From(int at) => _padded.AsSpan(Margin + at);

    /// <summary>The majorant at one position.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public double Upper(int at) =>
        at >= _lineStart ? Line(at, _lineStart, _lineSlope)
        : at >= _earlierStart ? Line(at, _earlierStart, _earlierSlope)
        : _upper[at];

    public void Append(double value)
    {
        _padded[Margin + Count] = value;
        Bend(Count++);
    }

    /// <summary>Drops all but the first values.</summary>
    public void Truncate(int count)
    {
        _padded.AsSpan(Margin + count, Count - count).Fill(double.NegativeInfinity);
        for (Count = 0; Count < count; Count++)
            Bend(Count);
    }

    private void Bend(int at)
    {
        if (at == 0)
        {
            // Steeper than any line to the next point.
            (_cornerCount, _lineStart, _lineSlope, _earlierStart) = (1, 0, double.MaxValue, 0);
            _corners[0] = 0;
            return;
        }
        double step = Value(at) - Value(at - 1);
        if (step < _lineSlope)
        {
            // The previous point stays a corner.
            for (int i = _earlierStart; i < _lineStart; i++)
                _upper[i] = Line(i, _earlierStart, _earlierSlope);
            (_earlierStart, _earlierSlope, _lineStart, _lineSlope) = (_lineStart, _lineSlope, at - 1, step);
        }
        else
        {
            // A corner below the line from the previous corner to the new point is no longer a corner.
            _cornerCount--;
            while (_cornerCount > 1 && !IsAbove(_corners[_cornerCount - 1], _corners[_cornerCount - 2], at))
                _cornerCount--;
            _lineStart = _corners[_cornerCount - 1];
            _lineSlope = (Value(at) - Value(_lineStart)) / (at - _lineStart);
            _earlierStart = Math.Min(_earlierStart, _lineStart);
        }
        _corners[_cornerCount++] = at;
    }

    private double Value(int at) => _padded[Margin + at];

    private bool IsAbove(int middle, int left, int right) =>
        (Value(middle) - Value(left)) * (right - left) > (Value(right) - Value(left)) * (middle - left);

    // Rounding may put a point of the sequence slightly above the line that it lies on.
    private double Line(int at, int start, double slope) => double.MaxNative(Value(at), Value(start) + (slope * (at - start)));
}
