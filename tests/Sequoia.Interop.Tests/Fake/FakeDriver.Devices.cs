using System.Runtime.InteropServices;

namespace Sequoia.Interop.Tests;

internal static unsafe partial class FakeDriver
{
    public const int Device = 7;

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
}
