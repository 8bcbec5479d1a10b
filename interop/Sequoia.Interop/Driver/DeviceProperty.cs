namespace Sequoia.Interop;

/// <summary>A property of a device (CUdevice_attribute). Other values can be cast.</summary>
public enum DeviceProperty
{
    /// <summary>The maximum number of threads per block.</summary>
    MaxThreadsPerBlock = 1,

    /// <summary>The maximum number of threads per block along x.</summary>
    MaxBlockX = 2,

    /// <summary>The maximum number of threads per block along y.</summary>
    MaxBlockY = 3,

    /// <summary>The maximum number of threads per block along z.</summary>
    MaxBlockZ = 4,

    /// <summary>The maximum number of blocks per grid along x.</summary>
    MaxGridX = 5,

    /// <summary>The maximum number of blocks per grid along y.</summary>
    MaxGridY = 6,

    /// <summary>The maximum number of blocks per grid along z.</summary>
    MaxGridZ = 7,

    /// <summary>The maximum shared memory per block without opting in, in bytes.</summary>
    MaxSharedBytesPerBlock = 8,

    /// <summary>Constant memory, in bytes.</summary>
    TotalConstantBytes = 9,

    /// <summary>The number of threads per warp.</summary>
    WarpSize = 10,

    /// <summary>The maximum number of 32-bit registers per block.</summary>
    MaxRegistersPerBlock = 12,

    /// <summary>The peak clock rate, in kHz.</summary>
    ClockKilohertz = 13,

    /// <summary>The number of multiprocessors.</summary>
    MultiprocessorCount = 16,

    /// <summary>1 if the system limits the run time of kernels.</summary>
    KernelTimeout = 17,

    /// <summary>1 if the device and the host share memory.</summary>
    Integrated = 18,

    /// <summary>1 if kernels can read and write pinned memory.</summary>
    CanMapHostMemory = 19,

    /// <summary>The compute mode: 0 default, 2 prohibited, 3 exclusive to one process.</summary>
    ComputeMode = 20,

    /// <summary>1 if memory errors are corrected.</summary>
    EccEnabled = 32,

    /// <summary>The bus number of the PCI address.</summary>
    PciBus = 33,

    /// <summary>The slot number of the PCI address.</summary>
    PciDevice = 34,

    /// <summary>The peak memory clock rate, in kHz.</summary>
    MemoryClockKilohertz = 36,

    /// <summary>The width of the memory bus, in bits.</summary>
    MemoryBusBits = 37,

    /// <summary>The size of the L2 cache, in bytes.</summary>
    L2CacheBytes = 38,

    /// <summary>The maximum number of threads resident on one multiprocessor.</summary>
    MaxThreadsPerMultiprocessor = 39,

    /// <summary>The number of copy engines.</summary>
    AsyncEngineCount = 40,

    /// <summary>1 if the device and the host share one address space.</summary>
    UnifiedAddressing = 41,

    /// <summary>The domain number of the PCI address.</summary>
    PciDomain = 50,

    /// <summary>The major version of the compute capability.</summary>
    ComputeCapabilityMajor = 75,

    /// <summary>The minor version of the compute capability.</summary>
    ComputeCapabilityMinor = 76,

    /// <summary>The maximum shared memory per multiprocessor, in bytes.</summary>
    MaxSharedBytesPerMultiprocessor = 81,

    /// <summary>The maximum number of 32-bit registers per multiprocessor.</summary>
    MaxRegistersPerMultiprocessor = 82,

    /// <summary>1 if the device supports cooperative launches.</summary>
    CooperativeLaunch = 95,

    /// <summary>The maximum shared memory per block if the kernel opts in, in bytes.</summary>
    MaxSharedBytesPerBlockOptIn = 97,

    /// <summary>The maximum number of blocks resident on one multiprocessor.</summary>
    MaxBlocksPerMultiprocessor = 106,

    /// <summary>The shared memory that the driver reserves in each block, in bytes.</summary>
    ReservedSharedBytesPerBlock = 111,
}
