namespace Sequoia.Interop;

/// <summary>A matrix as cuBLAS sees it: columns one after the other. A row-major matrix is its transpose.</summary>
/// <param name="Address">Where it begins on the device (CUdeviceptr).</param>
/// <param name="Type">The type of its elements.</param>
/// <param name="LeadingDimension">Elements from one column to the next.</param>
public readonly record struct CublasMatrix(nint Address, CublasType Type, int LeadingDimension);
