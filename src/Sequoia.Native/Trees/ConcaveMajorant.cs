using System.Runtime.CompilerServices;

namespace Sequoia.Native.Trees;

/// <summary>
/// A sequence that grows at its end, and the least concave sequence that is nowhere below it: straight lines between some
/// of its points, the corners.
/// </summary>
internal sealed class ConcaveMajorant(int capacity)
{
    private readonly double[] _values = new double[capacity];
    private readonly double[] _backwards = new double[capacity];
    private readonly int[] _corners = new int[capacity];
    // Up to the last two lines, which are kept as such: the last one moves as a whole with each further value, and where
    // values rise in steps, it and the one before become one line again and again.
    private readonly double[] _upper = new double[capacity];
    private int _cornerCount;
    private int _lineStart;
    private double _lineSlope;
    private int _earlierStart;
    private double _earlierSlope;

    public int Count { get; private set; }

    public ReadOnlySpan<double> Values => _values.AsSpan(0, Count);

    /// <summary>The last <paramref name="count"/> of the values up to <paramref name="last"/>, the last first: to be read beside another sequence that runs on.</summary>
    public ReadOnlySpan<double> Backwards(int last, int count) => _backwards.AsSpan(_backwards.Length - 1 - last, count);

    /// <summary>The majorant at one place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public double Upper(int at) =>
        at >= _lineStart ? Line(at, _lineStart, _lineSlope)
        : at >= _earlierStart ? Line(at, _earlierStart, _earlierSlope)
        : _upper[at];

    public void Append(double value)
    {
        _values[Count] = _backwards[^(Count + 1)] = value;
        Bend(Count++);
    }

    /// <summary>Forgets all but the first values.</summary>
    public void Truncate(int count)
    {
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
        double step = _values[at] - _values[at - 1];
        if (step < _lineSlope)
        {
            // The point before stays a corner.
            for (int i = _earlierStart; i < _lineStart; i++)
                _upper[i] = Line(i, _earlierStart, _earlierSlope);
            (_earlierStart, _earlierSlope, _lineStart, _lineSlope) = (_lineStart, _lineSlope, at - 1, step);
        }
        else
        {
            // A corner under the line from the one before it to the new point is none any more.
            _cornerCount--;
            while (_cornerCount > 1 && !IsAbove(_corners[_cornerCount - 1], _corners[_cornerCount - 2], at))
                _cornerCount--;
            _lineStart = _corners[_cornerCount - 1];
            _lineSlope = (_values[at] - _values[_lineStart]) / (at - _lineStart);
            _earlierStart = Math.Min(_earlierStart, _lineStart);
        }
        _corners[_cornerCount++] = at;
    }

    private bool IsAbove(int middle, int left, int right) =>
        (_values[middle] - _values[left]) * (right - left) > (_values[right] - _values[left]) * (middle - left);

    // Rounding may put a point of the sequence a hair above the line that it lies on.
    private double Line(int at, int start, double slope) => double.MaxNative(_values[at], _values[start] + (slope * (at - start)));
}
