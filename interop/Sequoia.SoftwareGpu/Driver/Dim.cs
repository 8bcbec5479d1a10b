namespace Sequoia.SoftwareGpu.Driver;

/// <summary>A grid's or a block's extent.</summary>
internal readonly record struct Dim(uint X, uint Y, uint Z)
{
    public override string ToString() => $"{X} x {Y} x {Z}";
}
