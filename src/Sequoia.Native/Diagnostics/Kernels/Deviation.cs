namespace Sequoia.Native.Diagnostics.Kernels;

/// <summary>How far results are from a reference.</summary>
/// <param name="Worst">The largest distance as a multiple of what rounding allows at that place; infinite for a NaN that should be none.</param>
/// <param name="Where">The place with its values, for people to read.</param>
public readonly record struct Deviation(double Worst, string Where)
{
    /// <summary>Whether rounding explains it.</summary>
    public bool IsWithinRounding => Worst <= 1;
}
