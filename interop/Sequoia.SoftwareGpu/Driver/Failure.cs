using Sequoia.Interop;

namespace Sequoia.SoftwareGpu.Driver;

/// <summary>Converts exceptions to the results that the driver's entry points return.</summary>
internal static class Failure
{
    [ThreadStatic]
    private static string? _latest;

    /// <summary>The reason that the calling thread's most recent failed call failed.</summary>
    public static string? Latest => _latest;

    /// <summary>Gets the code for an exception and stores its message.</summary>
    public static CudaResult Of(Exception failure)
    {
        _latest = failure.Message;
        if (Settings.IsSet)
            Console.Error.WriteLine($"{SoftwareDriver.DeviceName}: {failure.Message}");
        return failure switch
        {
            DriverError error => error.Code,
            DeviceFault fault => CodeOf(fault.Kind),
            PtxException { IsUnsupportedVersion: var isNewer } => isNewer ? CudaResult.UnsupportedPtxVersion : CudaResult.InvalidPtx,
            OutOfMemoryException => CudaResult.OutOfMemory,
            _ => CudaResult.Unknown,
        };
    }

    public static CudaResult CodeOf(DeviceFaultKind kind) => kind switch
    {
        DeviceFaultKind.IllegalAddress => CudaResult.IllegalAddress,
        DeviceFaultKind.MisalignedAddress => CudaResult.MisalignedAddress,
        DeviceFaultKind.Assert => CudaResult.Assert,
        DeviceFaultKind.IllegalInstruction => CudaResult.IllegalInstruction,
        DeviceFaultKind.Deadlock or DeviceFaultKind.InstructionBudgetExceeded => CudaResult.LaunchTimeout,
        DeviceFaultKind.StackOverflow => CudaResult.HardwareStackError,
        DeviceFaultKind.InvalidLaunch => CudaResult.InvalidValue,
        DeviceFaultKind.OutOfMemory => CudaResult.OutOfMemory,
        DeviceFaultKind.InvalidRange => CudaResult.InvalidValue,
        _ => CudaResult.LaunchFailed,
    };
}

/// <summary>A driver call that fails without breaking its context: the code, and the reason in one sentence.</summary>
internal sealed class DriverError(CudaResult code, string message) : Exception(message)
{
    public CudaResult Code => code;
}
