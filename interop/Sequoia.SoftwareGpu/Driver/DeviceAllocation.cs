namespace Sequoia.SoftwareGpu;

/// <summary>Memory that a caller allocated on the software device, or had registered.</summary>
/// <param name="Number">The how-manieth allocation it was, from 1.</param>
/// <param name="Address">Its device address.</param>
/// <param name="Bytes">Its size.</param>
public sealed record DeviceAllocation(int Number, ulong Address, ulong Bytes);
