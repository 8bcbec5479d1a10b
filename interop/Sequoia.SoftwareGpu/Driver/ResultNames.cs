using Sequoia.Interop;

namespace Sequoia.SoftwareGpu.Driver;

/// <summary>The C names and the descriptions of result codes, as in cuda.h.</summary>
internal static class ResultNames
{
    private static readonly Dictionary<CudaResult, (string Name, string Text)> Known = new()
    {
        [CudaResult.Success] = ("CUDA_SUCCESS", "no error"),
        [CudaResult.InvalidValue] = ("CUDA_ERROR_INVALID_VALUE", "invalid argument"),
        [CudaResult.OutOfMemory] = ("CUDA_ERROR_OUT_OF_MEMORY", "out of memory"),
        [CudaResult.NotInitialized] = ("CUDA_ERROR_NOT_INITIALIZED", "initialization error"),
        [CudaResult.NoDevice] = ("CUDA_ERROR_NO_DEVICE", "no device"),
        [CudaResult.InvalidDevice] = ("CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"),
        [CudaResult.InvalidImage] = ("CUDA_ERROR_INVALID_IMAGE", "the module is not PTX"),
        [CudaResult.InvalidContext] = ("CUDA_ERROR_INVALID_CONTEXT", "invalid device context"),
        [CudaResult.NoBinaryForGpu] = ("CUDA_ERROR_NO_BINARY_FOR_GPU", "no kernel image that this device executes"),
        [CudaResult.InvalidPtx] = ("CUDA_ERROR_INVALID_PTX", "PTX that is wrong or not understood"),
        [CudaResult.UnsupportedPtxVersion] = ("CUDA_ERROR_UNSUPPORTED_PTX_VERSION", "PTX of a newer version than is supported"),
        [CudaResult.InvalidHandle] = ("CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"),
        [CudaResult.NotFound] = ("CUDA_ERROR_NOT_FOUND", "named symbol not found"),
        [CudaResult.NotReady] = ("CUDA_ERROR_NOT_READY", "not ready"),
        [CudaResult.IllegalAddress] = ("CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered"),
        [CudaResult.LaunchOutOfResources] = ("CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES", "too many resources requested for launch"),
        [CudaResult.LaunchTimeout] = ("CUDA_ERROR_LAUNCH_TIMEOUT", "the kernel did not end"),
        [CudaResult.ContextIsDestroyed] = ("CUDA_ERROR_CONTEXT_IS_DESTROYED", "context is destroyed"),
        [CudaResult.Assert] = ("CUDA_ERROR_ASSERT", "device-side assert triggered"),
        [(CudaResult)704] = ("CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED", "peer access is already enabled"),
        [(CudaResult)705] = ("CUDA_ERROR_PEER_ACCESS_NOT_ENABLED", "peer access has not been enabled"),
        [CudaResult.HostMemoryAlreadyRegistered] = ("CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED", "the host memory is already registered"),
        [CudaResult.HostMemoryNotRegistered] = ("CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED", "the host memory is not registered"),
        [CudaResult.HardwareStackError] = ("CUDA_ERROR_HARDWARE_STACK_ERROR", "calls are nested too deeply"),
        [CudaResult.IllegalInstruction] = ("CUDA_ERROR_ILLEGAL_INSTRUCTION", "an illegal instruction was encountered"),
        [CudaResult.MisalignedAddress] = ("CUDA_ERROR_MISALIGNED_ADDRESS", "misaligned address"),
        [CudaResult.LaunchFailed] = ("CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"),
        [CudaResult.CooperativeLaunchTooLarge] = ("CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE", "too many blocks in a cooperative launch"),
        [CudaResult.NotSupported] = ("CUDA_ERROR_NOT_SUPPORTED", "operation not supported"),
        [CudaResult.StreamCaptureUnsupported] = ("CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED", "operation not permitted when stream is capturing"),
        [CudaResult.StreamCaptureInvalidated] = ("CUDA_ERROR_STREAM_CAPTURE_INVALIDATED", "operation failed due to a previous error during capture"),
        [CudaResult.StreamCaptureMerge] = ("CUDA_ERROR_STREAM_CAPTURE_MERGE", "operation would result in a merge of separate captures"),
        [CudaResult.StreamCaptureUnmatched] = ("CUDA_ERROR_STREAM_CAPTURE_UNMATCHED", "capture was not begun on this stream"),
        [CudaResult.StreamCaptureUnjoined] = ("CUDA_ERROR_STREAM_CAPTURE_UNJOINED", "capturing stream has unjoined work"),
        [CudaResult.StreamCaptureIsolation] = ("CUDA_ERROR_STREAM_CAPTURE_ISOLATION", "dependency created on uncaptured work in another stream"),
        [CudaResult.StreamCaptureImplicit] = ("CUDA_ERROR_STREAM_CAPTURE_IMPLICIT", "operation would make the legacy stream depend on a capturing blocking stream"),
        [CudaResult.CapturedEvent] = ("CUDA_ERROR_CAPTURED_EVENT", "operation not permitted on an event last recorded in a capturing stream"),
        [CudaResult.StreamCaptureWrongThread] = ("CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD", "attempt to end a capture from another thread"),
        [CudaResult.GraphExecUpdateFailure] = ("CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE", "the graph update was not performed because it included changes that are not possible"),
        [CudaResult.Unknown] = ("CUDA_ERROR_UNKNOWN", "unknown error"),
    };

    public static string? Name(CudaResult result) => Known.TryGetValue(result, out (string Name, string Text) known) ? known.Name : null;

    public static string? Text(CudaResult result) => Known.TryGetValue(result, out (string Name, string Text) known) ? known.Text : null;
}
