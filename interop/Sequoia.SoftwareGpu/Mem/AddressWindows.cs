namespace Sequoia.SoftwareGpu.Mem;

/// <summary>
/// The locations of shared, local and parameter memory in the generic address space. They are far outside device and host addresses, so that a
/// stray pointer to one space is never valid in another.
/// </summary>
internal static class AddressWindows
{
    public const int Shift = 56;
    public const ulong Shared = 1UL << Shift;
    public const ulong Local = 2UL << Shift;
    public const ulong Param = 4UL << Shift;

    /// <summary>The addresses of functions. They are not memory.</summary>
    public const ulong Code = 8UL << Shift;
    public const ulong OffsetMask = (1UL << Shift) - 1;
}
