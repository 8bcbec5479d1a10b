namespace Sequoia.Native.Diagnostics.Kernels;

/// <summary>The worst of the results compared so far.</summary>
internal sealed class WorstResult
{
    /// <summary>How far it is from what it should be.</summary>
    public Deviation Deviation { get; private set; } = new(0, "nowhere");

    public void Add(float found, Bounded expected, int row, int output)
    {
        double distance = Math.Abs(found - expected.Value), ratio = float.IsNaN(found) ? double.PositiveInfinity : distance / expected.Error;
        // A product whose terms are all 0 must be 0.
        ratio = distance == 0 ? 0 : ratio;
        if (ratio > Deviation.Worst)
            Deviation = new(ratio, $"row {row}, output {output}: {found:R}, expected {expected.Value:R} within {expected.Error:G3}");
    }
}
