namespace Sequoia.SoftwareGpu.Lower;

/// <summary>What is built into the handlers of a lowered kernel; each combination is lowered once, when first launched.</summary>
internal readonly record struct Variant(bool Checks, bool Counts, Numerics Numerics, bool IsFine);
