namespace Sequoia.Interop;

/// <summary>
/// The driver refuses to register host memory. The context and the memory stay usable: the caller can copy from the same memory as pageable memory
/// (<see cref="CudaContext.WrapHost"/>), which is slower. <see cref="CudaException.Code"/> gives the reason.
/// </summary>
public sealed class HostRegistrationException : CudaException
{
    private HostRegistrationException(CudaException reason) : base(reason)
    {
    }

    /// <summary>Creates the exception for a code. Codes that say nothing about the memory, such as a lost context, are other exceptions.</summary>
    internal static CudaException For(CudaDriver driver, CudaResult result, long bytes)
    {
        CudaException failure = driver.Failure(result, nameof(DriverTable.cuMemHostRegister_v2), Advice(result, bytes));
        return failure.Code is CudaResult.NotSupported or CudaResult.NotPermitted or CudaResult.OutOfMemory or CudaResult.OperatingSystem
            or CudaResult.HostMemoryAlreadyRegistered or CudaResult.InvalidValue ? new HostRegistrationException(failure) : failure;
    }

    private static string? Advice(CudaResult result, long bytes) => result switch
    {
        CudaResult.OutOfMemory or CudaResult.OperatingSystem =>
            $"{bytes} bytes cannot be pinned: the system limits locked memory (ulimit -l, a container's or a virtual machine's memory); register less, or copy from pageable memory",
        CudaResult.NotSupported or CudaResult.NotPermitted =>
            "this system does not pin such memory; allocate it with AllocatePinned, or copy from pageable memory",
        CudaResult.HostMemoryAlreadyRegistered => "the memory, or a part of it, is registered already, perhaps by another library; register it once",
        CudaResult.InvalidValue => "the memory must be mapped and writable; mappings of files are refused: read the file into anonymous memory",
        _ => null,
    };
}
