namespace Sequoia.Interop;

/// <summary>
/// The result of a driver call (CUresult). It names the codes that compute work can return. Other codes keep their number, and the driver names
/// them.
/// </summary>
public enum CudaResult
{
    /// <summary>No error.</summary>
    Success = 0,

    /// <summary>An argument is out of range.</summary>
    InvalidValue = 1,

    /// <summary>There is not enough device memory or pinned memory.</summary>
    OutOfMemory = 2,

    /// <summary>cuInit has not been called.</summary>
    NotInitialized = 3,

    /// <summary>The driver is shutting down, usually because the process is exiting.</summary>
    Deinitialized = 4,

    /// <summary>The loaded library is the toolkit's stub, not a driver.</summary>
    StubLibrary = 34,

    /// <summary>Another process is using the device exclusively.</summary>
    DeviceUnavailable = 46,

    /// <summary>No CUDA device is present.</summary>
    NoDevice = 100,

    /// <summary>The device number is out of range.</summary>
    InvalidDevice = 101,

    /// <summary>The module's image is not valid PTX or CUBIN.</summary>
    InvalidImage = 200,

    /// <summary>No context is current, or the current one no longer exists.</summary>
    InvalidContext = 201,

    /// <summary>The module contains no code for this device.</summary>
    NoBinaryForGpu = 209,

    /// <summary>An uncorrectable memory error occurred on the device.</summary>
    EccUncorrectable = 214,

    /// <summary>The device does not support the limit.</summary>
    UnsupportedLimit = 215,

    /// <summary>The PTX did not compile.</summary>
    InvalidPtx = 218,

    /// <summary>The driver's PTX compiler library is missing.</summary>
    JitCompilerNotFound = 221,

    /// <summary>The PTX version is newer than the driver supports.</summary>
    UnsupportedPtxVersion = 222,

    /// <summary>Compiling PTX is disabled.</summary>
    JitCompilationDisabled = 223,

    /// <summary>The device kernel's source is invalid.</summary>
    InvalidSource = 300,

    /// <summary>A symbol is missing from a library that the driver loads.</summary>
    SharedObjectSymbolNotFound = 302,

    /// <summary>A library that the driver loads failed to initialize.</summary>
    SharedObjectInitFailed = 303,

    /// <summary>An operating system call failed.</summary>
    OperatingSystem = 304,

    /// <summary>A handle is not valid, or belongs to an object that is already destroyed.</summary>
    InvalidHandle = 400,

    /// <summary>A required resource is not in a valid state.</summary>
    IllegalState = 401,

    /// <summary>There is no such symbol: kernel, global or attribute.</summary>
    NotFound = 500,

    /// <summary>The queried work is not complete yet. This is not a failure.</summary>
    NotReady = 600,

    /// <summary>A kernel accessed unmapped memory. The context is lost.</summary>
    IllegalAddress = 700,

    /// <summary>A launch needs more registers or threads than the device has.</summary>
    LaunchOutOfResources = 701,

    /// <summary>A kernel ran longer than the system allows. The context is lost.</summary>
    LaunchTimeout = 702,

    /// <summary>The primary context is already active.</summary>
    PrimaryContextActive = 708,

    /// <summary>The thread's current context has been destroyed.</summary>
    ContextIsDestroyed = 709,

    /// <summary>An assert in a kernel failed. The context is lost.</summary>
    Assert = 710,

    /// <summary>The host memory, or a part of it, is registered already.</summary>
    HostMemoryAlreadyRegistered = 712,

    /// <summary>The host memory is not registered.</summary>
    HostMemoryNotRegistered = 713,

    /// <summary>A kernel's stack was corrupted. The context is lost.</summary>
    HardwareStackError = 714,

    /// <summary>A kernel executed an illegal instruction. The context is lost.</summary>
    IllegalInstruction = 715,

    /// <summary>A kernel accessed a misaligned address. The context is lost.</summary>
    MisalignedAddress = 716,

    /// <summary>A kernel used an instruction on the wrong address space. The context is lost.</summary>
    InvalidAddressSpace = 717,

    /// <summary>A kernel's program counter is outside the code. The context is lost.</summary>
    InvalidPc = 718,

    /// <summary>A kernel failed for another reason. The context is lost.</summary>
    LaunchFailed = 719,

    /// <summary>A cooperative launch has more blocks than fit on the device at once.</summary>
    CooperativeLaunchTooLarge = 720,

    /// <summary>The operation is not permitted.</summary>
    NotPermitted = 800,

    /// <summary>The operation is not supported on this system or device.</summary>
    NotSupported = 801,

    /// <summary>The system is not ready for CUDA work.</summary>
    SystemNotReady = 802,

    /// <summary>The kernel driver and the library have different versions.</summary>
    SystemDriverMismatch = 803,

    /// <summary>The forward-compatibility library does not support this device.</summary>
    CompatNotSupportedOnDevice = 804,

    /// <summary>The operation cannot be captured into a graph.</summary>
    StreamCaptureUnsupported = 900,

    /// <summary>An earlier error invalidated the capture.</summary>
    StreamCaptureInvalidated = 901,

    /// <summary>The operation would merge two captures.</summary>
    StreamCaptureMerge = 902,

    /// <summary>The capture did not begin on this stream.</summary>
    StreamCaptureUnmatched = 903,

    /// <summary>The capture has work on other streams that is not joined.</summary>
    StreamCaptureUnjoined = 904,

    /// <summary>A dependency would cross the boundary of the capture.</summary>
    StreamCaptureIsolation = 905,

    /// <summary>The operation would depend on a capture through the default stream.</summary>
    StreamCaptureImplicit = 906,

    /// <summary>The event was last recorded in a capture.</summary>
    CapturedEvent = 907,

    /// <summary>Another thread began the capture.</summary>
    StreamCaptureWrongThread = 908,

    /// <summary>The operation timed out.</summary>
    Timeout = 909,

    /// <summary>The graph differs too much from the instantiated one.</summary>
    GraphExecUpdateFailure = 910,

    /// <summary>An internal error.</summary>
    Unknown = 999,
}
