namespace Sequoia.Native.Trees;

/// <summary>
/// A sequence that grows at its end, and the least concave sequence that is nowhere below it. Sequences of the dynamic
/// programs are nearly concave, so appending changes little of the latter.
/// </summary>
internal sealed class ConcaveMajorant(int capacity)
{
    private readonly double[] _values = new double[capacity];
    private readonly double[] _upper = new double[capacity];
    private readonly int[] _corners = new int[capacity];
    private int _cornerCount;

    public int Count { get; private set; }

    public ReadOnlySpan<double> Values => _values;

    public ReadOnlySpan<double> Upper => _upper;

    public void Append(double value)
    {
        int at = Count++;
        _values[at] = value;
        // A corner under the line from the one before it to the new point is none any more.
        while (_cornerCount > 1 && !IsAbove(_corners[_cornerCount - 1], _corners[_cornerCount - 2], at))
            _cornerCount--;
        if (_cornerCount > 0)
        {
            int from = _corners[_cornerCount - 1];
            double slope = (value - _values[from]) / (at - from);
            for (int i = from + 1; i < at; i++)
                _upper[i] = Math.Max(_values[i], _values[from] + (slope * (i - from)));
        }
        _upper[at] = value;
        _corners[_cornerCount++] = at;
    }

    private bool IsAbove(int middle, int left, int right) =>
        (_values[middle] - _values[left]) * (right - left) > (_values[right] - _values[left]) * (middle - left);
}
