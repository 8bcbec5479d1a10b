namespace Sequoia.Native.Diagnostics.Kernels;

/// <summary>A problem whose results are defined to the bit.</summary>
internal abstract class ExactProblem : KernelProblem
{
    public sealed override bool IsExact => true;

    public override long Flops => 0;

    public sealed override Deviation Compare() => FirstDifference() is { } where ? new(double.PositiveInfinity, where) : new(0, "nowhere");

    /// <summary>Where the outputs are not as they should be, with the values; null if nowhere.</summary>
    protected abstract string? FirstDifference();
}
