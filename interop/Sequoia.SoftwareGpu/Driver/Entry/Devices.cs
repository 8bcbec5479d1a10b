using System.Runtime.InteropServices;
using Sequoia.Interop;

namespace Sequoia.SoftwareGpu.Driver;

/// <summary>Devices.</summary>
internal static unsafe partial class EntryPoints
{
    [UnmanagedCallersOnly(EntryPoint = nameof(cuDeviceGetCount))]
    public static CudaResult cuDeviceGetCount(int* count)
    {
        try
        {
            using var call = new Call();
            *Given(count) = 1;
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failure.Of(e);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = nameof(cuDeviceGet))]
    public static CudaResult cuDeviceGet(int* device, int ordinal)
    {
        try
        {
            using var call = new Call();
            *Given(device) = Call.CheckDevice(ordinal);
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failure.Of(e);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = nameof(cuDeviceGetName))]
    public static CudaResult cuDeviceGetName(byte* name, int bytes, int device)
    {
        try
        {
            using var call = new Call();
            Call.CheckDevice(device);
            Texts.Write(SoftwareDriver.DeviceName, Given(name), (nuint)Math.Max(0, bytes));
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failure.Of(e);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = nameof(cuDeviceGetAttribute))]
    public static CudaResult cuDeviceGetAttribute(int* value, DeviceProperty property, int device)
    {
        try
        {
            using var call = new Call();
            Call.CheckDevice(device);
            *Given(value) = DeviceLimits.Of(property);
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failure.Of(e);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = nameof(cuDeviceTotalMem_v2))]
    public static CudaResult cuDeviceTotalMem_v2(nuint* bytes, int device)
    {
        try
        {
            using var call = new Call();
            Call.CheckDevice(device);
            *Given(bytes) = (nuint)Call.Gpu.Memory.Budget;
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failure.Of(e);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = nameof(cuDeviceGetUuid_v2))]
    public static CudaResult cuDeviceGetUuid_v2(Guid* id, int device)
    {
        try
        {
            using var call = new Call();
            Call.CheckDevice(device);
            *Given(id) = new Guid("5e900001-0000-4000-8000-000000000000");
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failure.Of(e);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = nameof(cuDeviceComputeCapability))]
    public static CudaResult cuDeviceComputeCapability(int* major, int* minor, int device)
    {
        try
        {
            using var call = new Call();
            Call.CheckDevice(device);
            (*Given(major), *Given(minor)) = (DeviceLimits.Major, DeviceLimits.Minor);
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failure.Of(e);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = nameof(cuDeviceCanAccessPeer))]
    public static CudaResult cuDeviceCanAccessPeer(int* can, int device, int peer)
    {
        try
        {
            using var call = new Call();
            Call.CheckDevice(device);
            Call.CheckDevice(peer);
            *Given(can) = 0;
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failure.Of(e);
        }
    }

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
