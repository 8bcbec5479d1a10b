namespace Sequoia.Interop;

/// <summary>What can be asked of a device (CUdevice_attribute); any other number may be cast.</summary>
public enum DeviceProperty
{
    /// <summary>Threads of one block.</summary>
    MaxThreadsPerBlock = 1,

    /// <summary>Threads of a block along x.</summary>
    MaxBlockX = 2,

    /// <summary>Threads of a block along y.</summary>
    MaxBlockY = 3,

    /// <summary>Threads of a block along z.</summary>
    MaxBlockZ = 4,

    /// <summary>Blocks of a grid along x.</summary>
    MaxGridX = 5,

    /// <summary>Blocks of a grid along y.</summary>
    MaxGridY = 6,

    /// <summary>Blocks of a grid along z.</summary>
    MaxGridZ = 7,

    /// <summary>Shared memory of a block without opting in, in bytes.</summary>
    MaxSharedBytesPerBlock = 8,

    /// <summary>Constant memory, in bytes.</summary>
    TotalConstantBytes = 9,

    /// <summary>Threads of a warp.</summary>
    WarpSize = 10,

    /// <summary>32-bit registers of one block.</summary>
    MaxRegistersPerBlock = 12,

    /// <summary>Peak clock, in kHz.</summary>
    ClockKilohertz = 13,

    /// <summary>Multiprocessors.</summary>
    MultiprocessorCount = 16,

    /// <summary>1 where the system limits the time of a kernel.</summary>
    KernelTimeout = 17,

    /// <summary>1 where device and host share memory.</summary>
    Integrated = 18,

    /// <summary>1 where pinned memory can be read and written by kernels.</summary>
    CanMapHostMemory = 19,

    /// <summary>0 default, 2 prohibited, 3 one process at a time.</summary>
    ComputeMode = 20,

    /// <summary>1 where memory errors are corrected.</summary>
    EccEnabled = 32,

    /// <summary>The bus of its PCI address.</summary>
    PciBus = 33,

    /// <summary>The slot of its PCI address.</summary>
    PciDevice = 34,

    /// <summary>Peak memory clock, in kHz.</summary>
    MemoryClockKilohertz = 36,

    /// <summary>Width of the memory bus, in bits.</summary>
    MemoryBusBits = 37,

    /// <summary>Second-level cache, in bytes.</summary>
    L2CacheBytes = 38,

    /// <summary>Threads resident on one multiprocessor.</summary>
    MaxThreadsPerMultiprocessor = 39,

    /// <summary>Copy engines.</summary>
    AsyncEngineCount = 40,

    /// <summary>1 where host and device share one address space.</summary>
    UnifiedAddressing = 41,

    /// <summary>The domain of its PCI address.</summary>
    PciDomain = 50,

    /// <summary>Compute capability before the point.</summary>
    ComputeCapabilityMajor = 75,

    /// <summary>Compute capability behind the point.</summary>
    ComputeCapabilityMinor = 76,

    /// <summary>Shared memory of a multiprocessor, in bytes.</summary>
    MaxSharedBytesPerMultiprocessor = 81,

    /// <summary>32-bit registers of a multiprocessor.</summary>
    MaxRegistersPerMultiprocessor = 82,

    /// <summary>1 where cooperative launches are possible.</summary>
    CooperativeLaunch = 95,

    /// <summary>Shared memory of a block whose kernel opts in, in bytes.</summary>
    MaxSharedBytesPerBlockOptIn = 97,

    /// <summary>Blocks resident on one multiprocessor.</summary>
    MaxBlocksPerMultiprocessor = 106,

    /// <summary>Shared memory that the driver takes from each block, in bytes.</summary>
    ReservedSharedBytesPerBlock = 111,
}
