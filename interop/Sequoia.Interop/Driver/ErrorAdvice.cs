namespace Sequoia.Interop;

/// <summary>Advice on what to do about an error, if there is any.</summary>
internal static class ErrorAdvice
{
    private const string FaultingKernel =
        "an earlier launch did this, not necessarily this call: SEQUOIA_SYNC=1 names the kernel, and the context is lost";

    public static string? For(CudaResult code) => code switch
    {
        CudaResult.InvalidValue => "an argument is out of range",
        CudaResult.OutOfMemory => "use smaller buffers or dispose of some; nvidia-smi shows who else uses the device",
        CudaResult.NotInitialized => "ask for the driver's devices first",
        CudaResult.StubLibrary => "the folder searched first holds the toolkit's stub; take it out of the search, so that the real driver is found",
        CudaResult.DeviceUnavailable => "another process has the device to itself; nvidia-smi shows it",
        CudaResult.NoDevice => "no GPU is visible: look at nvidia-smi and at CUDA_VISIBLE_DEVICES",
        CudaResult.InvalidImage => "the image is neither PTX text nor a CUBIN",
        CudaResult.InvalidContext => "the context has been destroyed, or it belongs to another driver",
        CudaResult.NoBinaryForGpu => "compile for this device: sm_XX of its compute capability, or PTX of an older one",
        CudaResult.InvalidPtx => "the log has the line",
        CudaResult.JitCompilerNotFound => "libnvidia-ptxjitcompiler is missing from the driver's installation; compile to a CUBIN instead",
        CudaResult.UnsupportedPtxVersion => "NVRTC is newer than the driver: compile to a CUBIN (sm_XX), or take an older NVRTC or a newer driver",
        CudaResult.InvalidHandle => "the handle was destroyed, or it belongs to another context",
        CudaResult.NotFound => "no such name in the module; a C++ kernel has a mangled name unless it is extern \"C\"",
        CudaResult.LaunchOutOfResources => "the block needs too many registers: use fewer threads or limit the registers when compiling",
        CudaResult.LaunchTimeout => "the system limits how long a kernel may run on this device",
        CudaResult.CooperativeLaunchTooLarge => "all blocks must fit at once: multiprocessors times the kernel's occupancy",
        CudaResult.NotPermitted or CudaResult.StreamCaptureUnsupported => "this call is not allowed while a stream is being captured",
        CudaResult.SystemDriverMismatch => "the kernel module and the driver library are of different versions: restart the machine",
        CudaResult.StreamCaptureUnjoined => "make the captured stream wait for the others before the capture ends",
        CudaResult.StreamCaptureIsolation => "record the event inside the capture: a captured stream cannot wait for work outside it",
        CudaResult.StreamCaptureInvalidated => "an earlier call in the capture failed",
        CudaResult.GraphExecUpdateFailure => "instantiate the new graph instead",
        CudaResult.IllegalAddress or CudaResult.MisalignedAddress or CudaResult.IllegalInstruction or CudaResult.HardwareStackError
            or CudaResult.InvalidAddressSpace or CudaResult.InvalidPc or CudaResult.LaunchFailed or CudaResult.Assert => FaultingKernel,
        _ => null,
    };
}
