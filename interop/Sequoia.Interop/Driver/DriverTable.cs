using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Sequoia.Interop;

/// <summary>
/// The driver entry points that this library calls. No other place names them. Each field has the name of the C function, with its version, and its
/// summary is the C parameter list. The table is filled from libcuda, or by the caller with [UnmanagedCallersOnly] methods of the same signatures.
/// A software GPU replaces the driver this way.
/// </summary>
/// <remarks>
/// CUdevice is int, CUdeviceptr ulong, size_t nuint; contexts, modules, functions, streams, events and graphs are nint. An entry point that a
/// driver does not have stays null, and <see cref="CudaDriver"/> reports its use as an error. To add a field, add its name to <see cref="Names"/>
/// at the same position.
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct DriverTable
{
    // The library.
    /// <summary>(unsigned int flags): flags must be 0.</summary>
    public delegate* unmanaged<uint, CudaResult> cuInit;
    /// <summary>(int* version): 1000 x major + 10 x minor. Needs no cuInit.</summary>
    public delegate* unmanaged<int*, CudaResult> cuDriverGetVersion;
    /// <summary>(CUresult error, const char** name): the driver owns the memory of the name.</summary>
    public delegate* unmanaged<CudaResult, byte**, CudaResult> cuGetErrorName;
    /// <summary>(CUresult error, const char** text): the driver owns the memory of the text.</summary>
    public delegate* unmanaged<CudaResult, byte**, CudaResult> cuGetErrorString;

    // Devices.
    /// <summary>(int* count)</summary>
    public delegate* unmanaged<int*, CudaResult> cuDeviceGetCount;
    /// <summary>(CUdevice* device, int ordinal)</summary>
    public delegate* unmanaged<int*, int, CudaResult> cuDeviceGet;
    /// <summary>(char* name, int bytes, CUdevice device)</summary>
    public delegate* unmanaged<byte*, int, int, CudaResult> cuDeviceGetName;
    /// <summary>(int* value, CUdevice_attribute attribute, CUdevice device)</summary>
    public delegate* unmanaged<int*, DeviceProperty, int, CudaResult> cuDeviceGetAttribute;
    /// <summary>(size_t* bytes, CUdevice device)</summary>
    public delegate* unmanaged<nuint*, int, CudaResult> cuDeviceTotalMem_v2;

    // Contexts.
    /// <summary>(CUcontext* context, CUdevice device)</summary>
    public delegate* unmanaged<nint*, int, CudaResult> cuDevicePrimaryCtxRetain;
    /// <summary>(CUdevice device)</summary>
    public delegate* unmanaged<int, CudaResult> cuDevicePrimaryCtxRelease_v2;
    /// <summary>(CUcontext* context, unsigned int flags, CUdevice device)</summary>
    public delegate* unmanaged<nint*, uint, int, CudaResult> cuCtxCreate_v2;
    /// <summary>(CUcontext context)</summary>
    public delegate* unmanaged<nint, CudaResult> cuCtxDestroy_v2;
    /// <summary>(CUcontext context): if 0, the thread has no current context.</summary>
    public delegate* unmanaged<nint, CudaResult> cuCtxSetCurrent;
    /// <summary>(CUcontext* context)</summary>
    public delegate* unmanaged<nint*, CudaResult> cuCtxGetCurrent;
    /// <summary>(CUcontext context)</summary>
    public delegate* unmanaged<nint, CudaResult> cuCtxPushCurrent_v2;
    /// <summary>(CUcontext* context)</summary>
    public delegate* unmanaged<nint*, CudaResult> cuCtxPopCurrent_v2;
    /// <summary>(CUdevice* device): the device of the current context.</summary>
    public delegate* unmanaged<int*, CudaResult> cuCtxGetDevice;
    /// <summary>(): waits for all work in the current context.</summary>
    public delegate* unmanaged<CudaResult> cuCtxSynchronize;

    // Memory.
    /// <summary>(size_t* free, size_t* total)</summary>
    public delegate* unmanaged<nuint*, nuint*, CudaResult> cuMemGetInfo_v2;
    /// <summary>(CUdeviceptr* pointer, size_t bytes): bytes must not be 0.</summary>
    public delegate* unmanaged<ulong*, nuint, CudaResult> cuMemAlloc_v2;
    /// <summary>(CUdeviceptr pointer)</summary>
    public delegate* unmanaged<ulong, CudaResult> cuMemFree_v2;
    /// <summary>(void** pointer, size_t bytes, unsigned int flags)</summary>
    public delegate* unmanaged<void**, nuint, uint, CudaResult> cuMemHostAlloc;
    /// <summary>(void* pointer)</summary>
    public delegate* unmanaged<void*, CudaResult> cuMemFreeHost;
    /// <summary>(void* pointer, size_t bytes, unsigned int flags): pins memory that the caller owns.</summary>
    public delegate* unmanaged<void*, nuint, uint, CudaResult> cuMemHostRegister_v2;
    /// <summary>(void* pointer)</summary>
    public delegate* unmanaged<void*, CudaResult> cuMemHostUnregister;
    /// <summary>(CUdeviceptr* device, void* host, unsigned int flags): flags must be 0.</summary>
    public delegate* unmanaged<ulong*, void*, uint, CudaResult> cuMemHostGetDevicePointer_v2;
    /// <summary>(CUdeviceptr to, const void* from, size_t bytes)</summary>
    public delegate* unmanaged<ulong, void*, nuint, CudaResult> cuMemcpyHtoD_v2;
    /// <summary>(void* to, CUdeviceptr from, size_t bytes)</summary>
    public delegate* unmanaged<void*, ulong, nuint, CudaResult> cuMemcpyDtoH_v2;
    /// <summary>(CUdeviceptr to, const void* from, size_t bytes, CUstream stream)</summary>
    public delegate* unmanaged<ulong, void*, nuint, nint, CudaResult> cuMemcpyHtoDAsync_v2;
    /// <summary>(void* to, CUdeviceptr from, size_t bytes, CUstream stream)</summary>
    public delegate* unmanaged<void*, ulong, nuint, nint, CudaResult> cuMemcpyDtoHAsync_v2;
    /// <summary>(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream)</summary>
    public delegate* unmanaged<ulong, ulong, nuint, nint, CudaResult> cuMemcpyDtoDAsync_v2;
    /// <summary>(const CUDA_MEMCPY3D* copy, CUstream stream)</summary>
    public delegate* unmanaged<MemoryCopy3D*, nint, CudaResult> cuMemcpy3DAsync_v2;
    /// <summary>(CUdeviceptr to, unsigned char value, size_t count, CUstream stream)</summary>
    public delegate* unmanaged<ulong, byte, nuint, nint, CudaResult> cuMemsetD8Async;
    /// <summary>(CUdeviceptr pointer, unsigned int value, size_t count, CUstream stream): count is in 32-bit words.</summary>
    public delegate* unmanaged<ulong, uint, nuint, nint, CudaResult> cuMemsetD32Async;
    /// <summary>(void* value, CUpointer_attribute attribute, CUdeviceptr pointer)</summary>
    public delegate* unmanaged<void*, PointerProperty, ulong, CudaResult> cuPointerGetAttribute;

    // Streams.
    /// <summary>(CUstream* stream, unsigned int flags)</summary>
    public delegate* unmanaged<nint*, uint, CudaResult> cuStreamCreate;
    /// <summary>(CUstream stream)</summary>
    public delegate* unmanaged<nint, CudaResult> cuStreamDestroy_v2;
    /// <summary>(CUstream stream)</summary>
    public delegate* unmanaged<nint, CudaResult> cuStreamSynchronize;
    /// <summary>(CUstream stream): NotReady while work remains.</summary>
    public delegate* unmanaged<nint, CudaResult> cuStreamQuery;
    /// <summary>(CUstream stream, CUevent event, unsigned int flags)</summary>
    public delegate* unmanaged<nint, nint, uint, CudaResult> cuStreamWaitEvent;
    /// <summary>(CUstream stream, CUstreamCaptureMode mode)</summary>
    public delegate* unmanaged<nint, CaptureMode, CudaResult> cuStreamBeginCapture_v2;
    /// <summary>(CUstream stream, CUgraph* graph)</summary>
    public delegate* unmanaged<nint, nint*, CudaResult> cuStreamEndCapture;
    /// <summary>(CUstream stream, CUstreamCaptureStatus* status): 0 not capturing, 1 capturing, 2 the capture is invalid.</summary>
    public delegate* unmanaged<nint, int*, CudaResult> cuStreamIsCapturing;

    // Events.
    /// <summary>(CUevent* event, unsigned int flags)</summary>
    public delegate* unmanaged<nint*, uint, CudaResult> cuEventCreate;
    /// <summary>(CUevent event)</summary>
    public delegate* unmanaged<nint, CudaResult> cuEventDestroy_v2;
    /// <summary>(CUevent event, CUstream stream)</summary>
    public delegate* unmanaged<nint, nint, CudaResult> cuEventRecord;
    /// <summary>(CUevent event)</summary>
    public delegate* unmanaged<nint, CudaResult> cuEventSynchronize;
    /// <summary>(CUevent event): NotReady until the event completes.</summary>
    public delegate* unmanaged<nint, CudaResult> cuEventQuery;
    /// <summary>(float* milliseconds, CUevent start, CUevent end)</summary>
    public delegate* unmanaged<float*, nint, nint, CudaResult> cuEventElapsedTime;

    // Modules and kernels.
    /// <summary>(CUmodule* module, const void* image, unsigned int options, CUjit_option* names, void** values)</summary>
    public delegate* unmanaged<nint*, void*, uint, JitOption*, void**, CudaResult> cuModuleLoadDataEx;
    /// <summary>(CUmodule module)</summary>
    public delegate* unmanaged<nint, CudaResult> cuModuleUnload;
    /// <summary>(CUfunction* function, CUmodule module, const char* name)</summary>
    public delegate* unmanaged<nint*, nint, byte*, CudaResult> cuModuleGetFunction;
    /// <summary>(CUdeviceptr* pointer, size_t* bytes, CUmodule module, const char* name)</summary>
    public delegate* unmanaged<ulong*, nuint*, nint, byte*, CudaResult> cuModuleGetGlobal_v2;
    /// <summary>(int* value, CUfunction_attribute attribute, CUfunction function)</summary>
    public delegate* unmanaged<int*, KernelProperty, nint, CudaResult> cuFuncGetAttribute;
    /// <summary>(CUfunction function, CUfunction_attribute attribute, int value)</summary>
    public delegate* unmanaged<nint, KernelProperty, int, CudaResult> cuFuncSetAttribute;
    /// <summary>(CUfunction function, size_t index, size_t* offset, size_t* bytes): InvalidValue beyond the last parameter. Since CUDA 12.4.</summary>
    public delegate* unmanaged<nint, nuint, nuint*, nuint*, CudaResult> cuFuncGetParamInfo;
    /// <summary>(int* blocks, CUfunction function, int threadsPerBlock, size_t dynamicSharedBytes)</summary>
    public delegate* unmanaged<int*, nint, int, nuint, CudaResult> cuOccupancyMaxActiveBlocksPerMultiprocessor;
    /// <summary>(CUfunction function, unsigned int gridX, gridY, gridZ, blockX, blockY, blockZ, sharedBytes, CUstream stream, void** parameters, void** extra)</summary>
    public delegate* unmanaged<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, CudaResult> cuLaunchKernel;
    /// <summary>(CUfunction function, unsigned int gridX, gridY, gridZ, blockX, blockY, blockZ, sharedBytes, CUstream stream, void** parameters)</summary>
    public delegate* unmanaged<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, CudaResult> cuLaunchCooperativeKernel;
    /// <summary>(const CUlaunchConfig* config, CUfunction function, void** parameters, void** extra). Since CUDA 11.8.</summary>
    public delegate* unmanaged<LaunchConfig*, nint, void**, void**, CudaResult> cuLaunchKernelEx;

    // Graphs.
    /// <summary>(CUgraph graph, CUgraphNode* nodes, size_t* count): if nodes is 0, only the count is returned.</summary>
    public delegate* unmanaged<nint, nint*, nuint*, CudaResult> cuGraphGetNodes;
    /// <summary>(CUgraphExec* executable, CUgraph graph, unsigned long long flags)</summary>
    public delegate* unmanaged<nint*, nint, ulong, CudaResult> cuGraphInstantiateWithFlags;
    /// <summary>(CUgraphExec executable, CUgraph graph, CUgraphExecUpdateResultInfo* result)</summary>
    public delegate* unmanaged<nint, nint, GraphUpdateResult*, CudaResult> cuGraphExecUpdate_v2;
    /// <summary>(CUgraphExec executable, CUstream stream)</summary>
    public delegate* unmanaged<nint, nint, CudaResult> cuGraphLaunch;
    /// <summary>(CUgraph graph)</summary>
    public delegate* unmanaged<nint, CudaResult> cuGraphDestroy;
    /// <summary>(CUgraphExec executable)</summary>
    public delegate* unmanaged<nint, CudaResult> cuGraphExecDestroy;

    /// <summary>The C names, in the order of the fields.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        nameof(cuInit), nameof(cuDriverGetVersion), nameof(cuGetErrorName), nameof(cuGetErrorString),
        nameof(cuDeviceGetCount), nameof(cuDeviceGet), nameof(cuDeviceGetName), nameof(cuDeviceGetAttribute), nameof(cuDeviceTotalMem_v2),
        nameof(cuDevicePrimaryCtxRetain), nameof(cuDevicePrimaryCtxRelease_v2), nameof(cuCtxCreate_v2), nameof(cuCtxDestroy_v2),
        nameof(cuCtxSetCurrent), nameof(cuCtxGetCurrent), nameof(cuCtxPushCurrent_v2), nameof(cuCtxPopCurrent_v2), nameof(cuCtxGetDevice),
        nameof(cuCtxSynchronize),
        nameof(cuMemGetInfo_v2), nameof(cuMemAlloc_v2), nameof(cuMemFree_v2), nameof(cuMemHostAlloc), nameof(cuMemFreeHost),
        nameof(cuMemHostRegister_v2), nameof(cuMemHostUnregister),
        nameof(cuMemHostGetDevicePointer_v2), nameof(cuMemcpyHtoD_v2), nameof(cuMemcpyDtoH_v2), nameof(cuMemcpyHtoDAsync_v2),
        nameof(cuMemcpyDtoHAsync_v2), nameof(cuMemcpyDtoDAsync_v2), nameof(cuMemcpy3DAsync_v2), nameof(cuMemsetD8Async),
        nameof(cuMemsetD32Async), nameof(cuPointerGetAttribute),
        nameof(cuStreamCreate), nameof(cuStreamDestroy_v2), nameof(cuStreamSynchronize), nameof(cuStreamQuery), nameof(cuStreamWaitEvent),
        nameof(cuStreamBeginCapture_v2), nameof(cuStreamEndCapture), nameof(cuStreamIsCapturing),
        nameof(cuEventCreate), nameof(cuEventDestroy_v2), nameof(cuEventRecord), nameof(cuEventSynchronize), nameof(cuEventQuery),
        nameof(cuEventElapsedTime),
        nameof(cuModuleLoadDataEx), nameof(cuModuleUnload), nameof(cuModuleGetFunction), nameof(cuModuleGetGlobal_v2),
        nameof(cuFuncGetAttribute), nameof(cuFuncSetAttribute), nameof(cuFuncGetParamInfo),
        nameof(cuOccupancyMaxActiveBlocksPerMultiprocessor), nameof(cuLaunchKernel), nameof(cuLaunchCooperativeKernel),
        nameof(cuLaunchKernelEx),
        nameof(cuGraphGetNodes), nameof(cuGraphInstantiateWithFlags), nameof(cuGraphExecUpdate_v2), nameof(cuGraphLaunch),
        nameof(cuGraphDestroy), nameof(cuGraphExecDestroy),
    ];

    /// <summary>The table as a span of pointers, in the order of <see cref="Names"/>.</summary>
    internal static Span<nint> Entries(ref DriverTable table) =>
        MemoryMarshal.CreateSpan(ref Unsafe.As<DriverTable, nint>(ref table), sizeof(DriverTable) / sizeof(nint));
}
