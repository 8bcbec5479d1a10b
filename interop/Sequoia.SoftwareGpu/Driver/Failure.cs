using Sequoia.Interop;

namespace Sequoia.SoftwareGpu.Driver;

/// <summary>What leaves the driver's entry points in place of exceptions.</summary>
internal static class Failure
{
    [ThreadStatic]
    private static string? _latest;

    /// <summary>Why the calling thread's latest failed call failed.</summary>
    public static string? Latest => _latest;

    /// <summary>The code for an exception; its message is kept.</summary>
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

/// <summary>A driver call that fails without harm to its context: its code, and why in one sentence.</summary>
internal sealed class DriverError(CudaResult code, string message) : Exception(message)
{
    public CudaResult Code => code;
}
