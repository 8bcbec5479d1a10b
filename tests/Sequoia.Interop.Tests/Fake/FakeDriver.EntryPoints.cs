using System.Runtime.InteropServices;
using System.Text;

namespace Sequoia.Interop.Tests;

internal static unsafe partial class FakeDriver
{
    public const int Device = 7;

    private static DriverTable Table() => new()
    {
        cuInit = &Init,
        cuDriverGetVersion = &DriverGetVersion,
        cuGetErrorName = &GetErrorName,
        cuGetErrorString = &GetErrorString,
        cuDeviceGetCount = &DeviceGetCount,
        cuDeviceGet = &DeviceGet,
        cuDeviceGetName = &DeviceGetName,
        cuDeviceGetAttribute = &DeviceGetAttribute,
        cuDeviceTotalMem_v2 = &DeviceTotalMem,
        cuDevicePrimaryCtxRetain = &PrimaryRetain,
        cuDevicePrimaryCtxRelease_v2 = &PrimaryRelease,
        cuCtxCreate_v2 = &CtxCreate,
        cuCtxDestroy_v2 = &CtxDestroy,
        cuCtxGetCurrent = &CtxGetCurrent,
        cuCtxPushCurrent_v2 = &CtxPush,
        cuCtxPopCurrent_v2 = &CtxPop,
        cuCtxGetDevice = &CtxGetDevice,
        cuCtxSynchronize = &CtxSynchronize,
        cuMemGetInfo_v2 = &MemGetInfo,
        cuMemAlloc_v2 = &MemAlloc,
        cuMemFree_v2 = &MemFree,
        cuMemHostAlloc = &MemHostAlloc,
        cuMemFreeHost = &MemFreeHost,
        cuMemcpyHtoD_v2 = &CopyIn,
        cuMemcpyDtoH_v2 = &CopyOut,
        cuMemcpyHtoDAsync_v2 = &CopyInAsync,
        cuMemcpyDtoHAsync_v2 = &CopyOutAsync,
        cuMemcpyDtoDAsync_v2 = &CopyAcrossAsync,
        cuMemsetD8Async = &SetBytes,
        cuMemsetD32Async = &SetWords,
        cuPointerGetAttribute = &PointerGetAttribute,
        cuStreamCreate = &StreamCreate,
        cuStreamDestroy_v2 = &StreamDestroy,
        cuStreamSynchronize = &StreamSynchronize,
        cuStreamQuery = &StreamQuery,
        cuStreamWaitEvent = &StreamWaitEvent,
        cuStreamBeginCapture_v2 = &BeginCapture,
        cuStreamEndCapture = &EndCapture,
        cuStreamIsCapturing = &IsCapturing,
        cuEventCreate = &EventCreate,
        cuEventDestroy_v2 = &EventDestroy,
        cuEventRecord = &EventRecord,
        cuEventElapsedTime = &EventElapsed,
        cuEventQuery = &EventQuery,
        cuModuleLoadDataEx = &ModuleLoad,
        cuModuleUnload = &ModuleUnload,
        cuModuleGetFunction = &GetFunction,
        cuModuleGetGlobal_v2 = &GetGlobal,
        cuFuncGetAttribute = &FuncGet,
        cuFuncSetAttribute = &FuncSet,
        cuFuncGetParamInfo = &ParamInfo,
        cuOccupancyMaxActiveBlocksPerMultiprocessor = &Occupancy,
        cuLaunchKernel = &Launch,
        cuLaunchCooperativeKernel = &LaunchCooperative,
        cuGraphGetNodes = &GraphNodes,
        cuGraphInstantiateWithFlags = &GraphInstantiate,
        cuGraphExecUpdate_v2 = &GraphUpdate,
        cuGraphLaunch = &GraphLaunch,
        cuGraphDestroy = &GraphDestroy,
        cuGraphExecDestroy = &GraphExecDestroy,
    };

    [UnmanagedCallersOnly]
    private static CudaResult Init(uint flags) => Note("cuInit");

    [UnmanagedCallersOnly]
    private static CudaResult DriverGetVersion(int* version)
    {
        *version = 12020;
        return CudaResult.Success;
    }

    [UnmanagedCallersOnly]
    private static CudaResult GetErrorName(CudaResult error, byte** name)
    {
        *name = Literal(error == CudaResult.OutOfMemory ? "CUDA_ERROR_OUT_OF_MEMORY\0"u8 : "CUDA_ERROR_OTHER\0"u8);
        return error == (CudaResult)12345 ? CudaResult.InvalidValue : CudaResult.Success;
    }

    [UnmanagedCallersOnly]
    private static CudaResult GetErrorString(CudaResult error, byte** text)
    {
        *text = Literal(error == CudaResult.OutOfMemory ? "out of memory\0"u8 : "other\0"u8);
        return error == (CudaResult)12345 ? CudaResult.InvalidValue : CudaResult.Success;
    }

    [UnmanagedCallersOnly]
    private static CudaResult DeviceGetCount(int* count)
    {
        *count = 1;
        return Note("cuDeviceGetCount");
    }

    [UnmanagedCallersOnly]
    private static CudaResult DeviceGet(int* device, int ordinal)
    {
        *device = Device;
        return ordinal == 0 ? CudaResult.Success : CudaResult.InvalidDevice;
    }

    [UnmanagedCallersOnly]
    private static CudaResult DeviceGetName(byte* name, int bytes, int device)
    {
        "Fake GPU\0"u8.CopyTo(new Span<byte>(name, bytes));
        return CudaResult.Success;
    }

    [UnmanagedCallersOnly]
    private static CudaResult DeviceGetAttribute(int* value, DeviceProperty property, int device)
    {
        *value = property switch
        {
            DeviceProperty.ComputeCapabilityMajor => ComputeCapability.Major,
            DeviceProperty.ComputeCapabilityMinor => ComputeCapability.Minor,
            DeviceProperty.MaxBlockX or DeviceProperty.MaxBlockY => 1024,
            DeviceProperty.MaxBlockZ => 64,
            DeviceProperty.MaxGridX => int.MaxValue,
            DeviceProperty.MaxGridY or DeviceProperty.MaxGridZ => 65535,
            DeviceProperty.MaxSharedBytesPerBlockOptIn => 99 * 1024,
            _ => 1000 + (int)property,
        };
        return device == Device ? CudaResult.Success : CudaResult.InvalidDevice;
    }

    [UnmanagedCallersOnly]
    private static CudaResult DeviceTotalMem(nuint* bytes, int device)
    {
        *bytes = 12u << 20;
        return CudaResult.Success;
    }

    [UnmanagedCallersOnly]
    private static CudaResult PrimaryRetain(nint* context, int device) => Make("context", context, needsContext: false);

    [UnmanagedCallersOnly]
    private static CudaResult PrimaryRelease(int device)
    {
        Note("cuDevicePrimaryCtxRelease_v2");
        lock (s_gate)
            s_live.Remove(s_live.First(handle => handle.Value.Kind == "context").Key);
        return CudaResult.Success;
    }

    [UnmanagedCallersOnly]
    private static CudaResult CtxCreate(nint* context, uint flags, int device)
    {
        CudaResult result = Make("context", context, needsContext: false);
        Stack.Push(*context);
        return result;
    }

    [UnmanagedCallersOnly]
    private static CudaResult CtxDestroy(nint context)
    {
        Note("cuCtxDestroy_v2");
        return Drop("context", context, needsContext: false);
    }

    [UnmanagedCallersOnly]
    private static CudaResult CtxGetCurrent(nint* context)
    {
        *context = Current;
        return CudaResult.Success;
    }

    [UnmanagedCallersOnly]
    private static CudaResult CtxPush(nint context)
    {
        lock (s_gate)
        {
            if (!s_live.ContainsKey(context))
                return CudaResult.InvalidContext;
        }
        Stack.Push(context);
        return CudaResult.Success;
    }

    [UnmanagedCallersOnly]
    private static CudaResult CtxPop(nint* context)
    {
        *context = Stack.Pop();
        return CudaResult.Success;
    }

    [UnmanagedCallersOnly]
    private static CudaResult CtxGetDevice(int* device)
    {
        *device = Device;
        return CudaResult.Success;
    }

    [UnmanagedCallersOnly]
    private static CudaResult CtxSynchronize() => Note("cuCtxSynchronize");

    [UnmanagedCallersOnly]
    private static CudaResult MemGetInfo(nuint* free, nuint* total)
    {
        (*free, *total) = (1000, 2000);
        return CudaResult.Success;
    }

    [UnmanagedCallersOnly]
    private static CudaResult MemAlloc(ulong* address, nuint bytes)
    {
        if (Note("cuMemAlloc_v2") is var result and not CudaResult.Success)
            return result;
        if (bytes == 0)
            return CudaResult.InvalidValue;
        nint memory = (nint)NativeMemory.Alloc(bytes);
        lock (s_gate)
            s_live.Add(memory, ("memory", Current));
        *address = (ulong)memory;
        return CudaResult.Success;
    }

    [UnmanagedCallersOnly]
    private static CudaResult MemFree(ulong address)
    {
        Note("cuMemFree_v2");
        CudaResult result = Drop("memory", (nint)address);
        if (result == CudaResult.Success)
            NativeMemory.Free((void*)address);
        return result;
    }

    [UnmanagedCallersOnly]
    private static CudaResult MemHostAlloc(void** address, nuint bytes, uint flags)
    {
        *address = NativeMemory.Alloc(bytes);
        lock (s_gate)
            s_live.Add((nint)(*address), ("pinned", Current));
        return Note("cuMemHostAlloc");
    }

    [UnmanagedCallersOnly]
    private static CudaResult MemFreeHost(void* address)
    {
        NativeMemory.Free(address);
        return Drop("pinned", (nint)address);
    }

    [UnmanagedCallersOnly]
    private static CudaResult CopyIn(ulong to, void* from, nuint bytes) => Copy("cuMemcpyHtoD_v2", (void*)to, from, bytes);

    [UnmanagedCallersOnly]
    private static CudaResult CopyOut(void* to, ulong from, nuint bytes) => Copy("cuMemcpyDtoH_v2", to, (void*)from, bytes);

    [UnmanagedCallersOnly]
    private static CudaResult CopyInAsync(ulong to, void* from, nuint bytes, nint stream) => Copy("cuMemcpyHtoDAsync_v2", (void*)to, from, bytes);

    [UnmanagedCallersOnly]
    private static CudaResult CopyOutAsync(void* to, ulong from, nuint bytes, nint stream) => Copy("cuMemcpyDtoHAsync_v2", to, (void*)from, bytes);

    [UnmanagedCallersOnly]
    private static CudaResult CopyAcrossAsync(ulong to, ulong from, nuint bytes, nint stream) =>
        Copy("cuMemcpyDtoDAsync_v2", (void*)to, (void*)from, bytes);

    private static CudaResult Copy(string name, void* to, void* from, nuint bytes)
    {
        if (Note(name) is var result and not CudaResult.Success)
            return result;
        Buffer.MemoryCopy(from, to, bytes, bytes);
        return CudaResult.Success;
    }

    [UnmanagedCallersOnly]
    private static CudaResult SetBytes(ulong to, byte value, nuint count, nint stream)
    {
        NativeMemory.Fill((void*)to, count, value);
        return Note("cuMemsetD8Async");
    }

    [UnmanagedCallersOnly]
    private static CudaResult SetWords(ulong to, uint value, nuint count, nint stream)
    {
        new Span<uint>((void*)to, (int)count).Fill(value);
        return Note("cuMemsetD32Async");
    }

    [UnmanagedCallersOnly]
    private static CudaResult PointerGetAttribute(void* value, PointerProperty property, ulong address)
    {
        if (Note("cuPointerGetAttribute") is var result and not CudaResult.Success)
            return result;
        // Every known pointer is the third float of an allocation of 64 bytes.
        *(ulong*)value = property == PointerProperty.RangeStart ? address - 8 : 64;
        return CudaResult.Success;
    }

    [UnmanagedCallersOnly]
    private static CudaResult StreamCreate(nint* stream, uint flags) => Make("stream", stream);

    [UnmanagedCallersOnly]
    private static CudaResult StreamDestroy(nint stream)
    {
        Note("cuStreamDestroy_v2");
        return Drop("stream", stream);
    }

    [UnmanagedCallersOnly]
    private static CudaResult StreamSynchronize(nint stream) => Note("cuStreamSynchronize");

    [UnmanagedCallersOnly]
    private static CudaResult StreamQuery(nint stream) => Note("cuStreamQuery");

    [UnmanagedCallersOnly]
    private static CudaResult StreamWaitEvent(nint stream, nint mark, uint flags) => Note("cuStreamWaitEvent");

    [UnmanagedCallersOnly]
    private static CudaResult BeginCapture(nint stream, CaptureMode mode) => Note("cuStreamBeginCapture_v2");

    [UnmanagedCallersOnly]
    private static CudaResult EndCapture(nint stream, nint* graph)
    {
        if (Note("cuStreamEndCapture") is var result and not CudaResult.Success)
            return result;
        return Make("graph", graph);
    }

    [UnmanagedCallersOnly]
    private static CudaResult IsCapturing(nint stream, int* status)
    {
        *status = 0;
        return CudaResult.Success;
    }

    [UnmanagedCallersOnly]
    private static CudaResult EventCreate(nint* handle, uint flags) => Make("event", handle);

    [UnmanagedCallersOnly]
    private static CudaResult EventDestroy(nint handle) => Drop("event", handle);

    [UnmanagedCallersOnly]
    private static CudaResult EventRecord(nint handle, nint stream) => Note("cuEventRecord");

    [UnmanagedCallersOnly]
    private static CudaResult EventQuery(nint handle) => Note("cuEventQuery");

    [UnmanagedCallersOnly]
    private static CudaResult EventElapsed(float* milliseconds, nint start, nint end)
    {
        *milliseconds = end > start ? 1.5f : -1.5f;
        return Note("cuEventElapsedTime");
    }

    [UnmanagedCallersOnly]
    private static CudaResult ModuleLoad(nint* module, void* image, uint options, JitOption* names, void** values)
    {
        if (Note("cuModuleLoadDataEx") is var result and not CudaResult.Success)
        {
            for (uint i = 0; i < options; i++)
            {
                if (names[i] == JitOption.ErrorLog)
                    Encoding.UTF8.GetBytes(ModuleLog + "\0", new Span<byte>(values[i], 200));
            }
            return result;
        }
        // The first byte of an ELF file, which a CUBIN is.
        LoadsCubin = *(byte*)image == 0x7f;
        return LoadsCubin && RefusesCubin ? CudaResult.NoBinaryForGpu : Make("module", module);
    }

    [UnmanagedCallersOnly]
    private static CudaResult ModuleUnload(nint module) => Drop("module", module);

    [UnmanagedCallersOnly]
    private static CudaResult GetFunction(nint* function, nint module, byte* name)
    {
        *function = module + 1;
        return Marshal.PtrToStringUTF8((nint)name) == "missing" ? CudaResult.NotFound : CudaResult.Success;
    }

    [UnmanagedCallersOnly]
    private static CudaResult GetGlobal(ulong* address, nuint* bytes, nint module, byte* name)
    {
        (*address, *bytes) = ((ulong)module + 8, 12);
        return Marshal.PtrToStringUTF8((nint)name) == "missing" ? CudaResult.NotFound : CudaResult.Success;
    }

    [UnmanagedCallersOnly]
    private static CudaResult FuncGet(int* value, KernelProperty property, nint function)
    {
        *value = property switch
        {
            KernelProperty.MaxThreadsPerBlock => 512,
            KernelProperty.MaxDynamicSharedBytes => 48 * 1024,
            _ => 100 + (int)property,
        };
        return CudaResult.Success;
    }

    [UnmanagedCallersOnly]
    private static CudaResult FuncSet(nint function, KernelProperty property, int value) => Note($"cuFuncSetAttribute {property} {value}");

    [UnmanagedCallersOnly]
    private static CudaResult ParamInfo(nint function, nuint index, nuint* offset, nuint* bytes)
    {
        if (index >= (nuint)ParameterBytes.Length)
            return CudaResult.InvalidValue;
        *bytes = (nuint)ParameterBytes[index];
        return CudaResult.Success;
    }

    [UnmanagedCallersOnly]
    private static CudaResult Occupancy(int* blocks, nint function, int threads, nuint shared)
    {
        *blocks = (threads * 10) + (int)shared;
        return CudaResult.Success;
    }

    [UnmanagedCallersOnly]
    private static CudaResult Launch(
        nint function, uint gridX, uint gridY, uint gridZ, uint blockX, uint blockY, uint blockZ, uint shared, nint stream, void** arguments, void** extra) =>
        RecordsLaunches ? Record("cuLaunchKernel", [gridX, gridY, gridZ, blockX, blockY, blockZ, shared], stream, arguments) : CudaResult.Success;

    [UnmanagedCallersOnly]
    private static CudaResult LaunchCooperative(
        nint function, uint gridX, uint gridY, uint gridZ, uint blockX, uint blockY, uint blockZ, uint shared, nint stream, void** arguments) =>
        Record("cuLaunchCooperativeKernel", [gridX, gridY, gridZ, blockX, blockY, blockZ, shared], stream, arguments);

    private static CudaResult Record(string name, uint[] extent, nint stream, void** arguments)
    {
        if (Note(name) is var result and not CudaResult.Success)
            return result;
        var bytes = new byte[ParameterBytes.Length][];
        for (int i = 0; i < bytes.Length; i++)
            bytes[i] = new Span<byte>(arguments[i], ParameterBytes[i]).ToArray();
        LastLaunch = (extent, stream, bytes);
        return Current == 0 ? CudaResult.InvalidContext : CudaResult.Success;
    }

    [UnmanagedCallersOnly]
    private static CudaResult GraphNodes(nint graph, nint* nodes, nuint* count)
    {
        *count = 3;
        return CudaResult.Success;
    }

    [UnmanagedCallersOnly]
    private static CudaResult GraphInstantiate(nint* executable, nint graph, ulong flags) => Make("executable graph", executable);

    [UnmanagedCallersOnly]
    private static CudaResult GraphUpdate(nint executable, nint graph, GraphUpdateResult* update)
    {
        CudaResult result = Note("cuGraphExecUpdate_v2");
        update->Outcome = result == CudaResult.Success ? GraphUpdateOutcome.Updated : GraphUpdateOutcome.TopologyChanged;
        return result;
    }

    [UnmanagedCallersOnly]
    private static CudaResult GraphLaunch(nint executable, nint stream) => Note("cuGraphLaunch");

    [UnmanagedCallersOnly]
    private static CudaResult GraphDestroy(nint graph)
    {
        Note("cuGraphDestroy");
        return Drop("graph", graph);
    }

    [UnmanagedCallersOnly]
    private static CudaResult GraphExecDestroy(nint executable) => Drop("executable graph", executable);
}
