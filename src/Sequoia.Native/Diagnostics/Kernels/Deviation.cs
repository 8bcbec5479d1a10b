namespace Sequoia.Native.Diagnostics.Kernels;

/// <summary>How far results are from a reference.</summary>
/// <param name="Worst">The largest distance as a multiple of what rounding allows at that place; infinite for a NaN that should be none.</param>
/// <param name="Where">The place, for people to read.</param>
internal readonly record struct Deviation(double Worst, string Where)
{
    public bool IsWithinRounding => Worst <= 1;
}
