namespace Sequoia.SoftwareGpu.Mem;

/// <summary>
/// Where shared, local and parameter memory appear among generic addresses: far outside both device and host
/// addresses, so that a stray pointer of one space is never valid in another.
/// </summary>
internal static class AddressWindows
{
    public const int Shift = 56;
    public const ulong Shared = 1UL << Shift;
    public const ulong Local = 2UL << Shift;
    public const ulong Param = 4UL << Shift;

    /// <summary>Addresses of functions: no memory at all.</summary>
    public const ulong Code = 8UL << Shift;
    public const ulong OffsetMask = (1UL << Shift) - 1;
}
