using System.Runtime.InteropServices;
using Sequoia.Interop;

namespace Sequoia.SoftwareGpu.Driver;

/// <summary>Devices.</summary>
internal static unsafe partial class EntryPoints
{
    [UnmanagedCallersOnly(EntryPoint = nameof(cuDeviceGetCount))]
    public static CudaResult cuDeviceGetCount(int* count) => Guarded(() => *Given(count) = 1);

    [UnmanagedCallersOnly(EntryPoint = nameof(cuDeviceGet))]
    public static CudaResult cuDeviceGet(int* device, int ordinal) => Guarded(() => *Given(device) = Call.CheckDevice(ordinal));

    [UnmanagedCallersOnly(EntryPoint = nameof(cuDeviceGetName))]
    public static CudaResult cuDeviceGetName(byte* name, int bytes, int device) => Guarded(() =>
    {
        Call.CheckDevice(device);
        Texts.Write(SoftwareDriver.DeviceName, Given(name), (nuint)Math.Max(0, bytes));
    });

    [UnmanagedCallersOnly(EntryPoint = nameof(cuDeviceGetAttribute))]
    public static CudaResult cuDeviceGetAttribute(int* value, DeviceProperty property, int device) => Guarded(() =>
    {
        Call.CheckDevice(device);
        *Given(value) = DeviceLimits.Current.Of(property);
    });

    [UnmanagedCallersOnly(EntryPoint = nameof(cuDeviceTotalMem_v2))]
    public static CudaResult cuDeviceTotalMem_v2(nuint* bytes, int device) => Guarded(() =>
    {
        Call.CheckDevice(device);
        *Given(bytes) = (nuint)Call.Gpu.Memory.Budget;
    });

    [UnmanagedCallersOnly(EntryPoint = nameof(cuDeviceGetUuid_v2))]
    public static CudaResult cuDeviceGetUuid_v2(Guid* id, int device) => Guarded(() =>
    {
        Call.CheckDevice(device);
        *Given(id) = new Guid("5e900001-0000-4000-8000-000000000000");
    });

    [UnmanagedCallersOnly(EntryPoint = nameof(cuDeviceComputeCapability))]
    public static CudaResult cuDeviceComputeCapability(int* major, int* minor, int device) => Guarded(() =>
    {
        Call.CheckDevice(device);
        (*Given(major), *Given(minor)) = (DeviceLimits.Current.ComputeCapability.Major, DeviceLimits.Current.ComputeCapability.Minor);
    });

    [UnmanagedCallersOnly(EntryPoint = nameof(cuDeviceCanAccessPeer))]
    public static CudaResult cuDeviceCanAccessPeer(int* can, int device, int peer) => Guarded(() =>
    {
        Call.CheckDevice(device);
        Call.CheckDevice(peer);
        *Given(can) = 0;
    });

    [UnmanagedCallersOnly(EntryPoint = nameof(cuDeviceGetP2PAttribute))]
    public static CudaResult cuDeviceGetP2PAttribute(int* value, int attribute, int from, int to)
    {
        try
        {
            using var call = new Call();
            Call.CheckDevice(from);
            Call.CheckDevice(to);
            throw new DriverError(CudaResult.InvalidDevice, "a device is not its own peer");
        }
        catch (Exception e)
        {
            return Failure.Of(e);
        }
    }
}
