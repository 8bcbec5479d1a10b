using System.Runtime.InteropServices;

namespace Sequoia.Interop;

/// <summary>A device of a driver. Immutable and thread-safe. It holds no resources to free.</summary>
public sealed unsafe class CudaDevice
{
    private CudaDevice(CudaDriver driver, int ordinal, int handle, string name, Version computeCapability, long memoryBytes)
    {
        Driver = driver;
        Ordinal = ordinal;
        Handle = handle;
        Name = name;
        ComputeCapability = computeCapability;
        MemoryBytes = memoryBytes;
    }

    /// <summary>The device's driver.</summary>
    public CudaDriver Driver { get; }

    /// <summary>The device's index in the driver's list, from 0.</summary>
    public int Ordinal { get; }

    /// <summary>The driver's identifier for the device (CUdevice).</summary>
    public int Handle { get; }

    /// <summary>The device's name, such as NVIDIA H100 80GB HBM3.</summary>
    public string Name { get; }

    /// <summary>The device's compute capability, such as 9.0.</summary>
    public Version ComputeCapability { get; }

    /// <summary>The device's total memory, in bytes.</summary>
    public long MemoryBytes { get; }

    /// <summary>The architecture to compile for: sm_XX for a CUBIN if the driver accepts it, otherwise compute_XX for PTX.</summary>
    public string Architecture =>
        $"{(Driver.AcceptsCubin ? "sm" : "compute")}_{ComputeCapability.Major}{ComputeCapability.Minor}";

    /// <summary>Gets the value of a device property.</summary>
    /// <exception cref="CudaException">The driver does not know the property.</exception>
    public int this[DeviceProperty property]
    {
        get
        {
            int value;
            Driver.Check(Driver.Api.cuDeviceGetAttribute(&value, property, Handle));
            return value;
        }
    }

    /// <summary>Gets the primary context of a device of NVIDIA's driver. Other libraries in the process use the same context.</summary>
    /// <param name="ordinal">The index of the device, from 0.</param>
    /// <exception cref="LibraryNotFoundException">There is no NVIDIA driver.</exception>
    /// <exception cref="CudaException">There is no such device, or it is not usable.</exception>
    public static CudaContext Open(int ordinal = 0) => CudaContext.Primary(Get(CudaDriver.Load(), ordinal));

    /// <summary>Gets a device by its index and initializes the driver.</summary>
    /// <exception cref="CudaException">There is no such device, or the driver cannot be initialized.</exception>
    public static CudaDevice Get(CudaDriver driver, int ordinal)
    {
        ArgumentNullException.ThrowIfNull(driver);
        ref readonly DriverTable api = ref driver.Api;
        driver.Check(api.cuInit(0));
        int handle, major, minor;
        nuint bytes;
        driver.Check(api.cuDeviceGet(&handle, ordinal));
        driver.Check(api.cuDeviceTotalMem_v2(&bytes, handle));
        driver.Check(api.cuDeviceGetAttribute(&major, DeviceProperty.ComputeCapabilityMajor, handle));
        driver.Check(api.cuDeviceGetAttribute(&minor, DeviceProperty.ComputeCapabilityMinor, handle));
        const int NameBytes = 256;
        byte* name = stackalloc byte[NameBytes];
        driver.Check(api.cuDeviceGetName(name, NameBytes, handle));
        return new CudaDevice(driver, ordinal, handle, Marshal.PtrToStringUTF8((nint)name)!, new Version(major, minor), (long)bytes);
    }

    /// <summary>Name, compute capability and memory.</summary>
    public override string ToString() => $"{Name} (compute capability {ComputeCapability}, {MemoryBytes / (1 << 20)} MiB)";
}
