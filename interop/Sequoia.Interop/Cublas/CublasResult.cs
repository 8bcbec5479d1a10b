namespace Sequoia.Interop;

/// <summary>What a cuBLAS call returns (cublasStatus_t).</summary>
public enum CublasResult
{
    /// <summary>No error.</summary>
    Success = 0,

    /// <summary>The handle is not valid.</summary>
    NotInitialized = 1,

    /// <summary>There was not enough memory.</summary>
    AllocationFailed = 3,

    /// <summary>An argument is out of range.</summary>
    InvalidValue = 7,

    /// <summary>The device does not have what is needed.</summary>
    ArchitectureMismatch = 8,

    /// <summary>Memory could not be read or written.</summary>
    MappingError = 11,

    /// <summary>A kernel failed.</summary>
    ExecutionFailed = 13,

    /// <summary>An internal error.</summary>
    InternalError = 14,

    /// <summary>The combination of types is not supported.</summary>
    NotSupported = 15,

    /// <summary>The licence does not allow it.</summary>
    LicenseError = 16,
}
