using System.Globalization;

namespace Sequoia.SoftwareGpu.Benchmarks;

/// <summary>The median of some figures, and the least and most of them.</summary>
internal sealed class Spread(IEnumerable<double> figures)
{
    private readonly double[] _sorted = [.. figures.Order()];

    public string ToText(string format) => string.Create(
        CultureInfo.InvariantCulture,
        $"{_sorted[_sorted.Length / 2].ToString(format, CultureInfo.InvariantCulture),6} ({_sorted[0].ToString(format, CultureInfo.InvariantCulture)} to {_sorted[^1].ToString(format, CultureInfo.InvariantCulture)})");
}
