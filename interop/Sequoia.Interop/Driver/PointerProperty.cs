namespace Sequoia.Interop;

/// <summary>A property of a pointer (CUpointer_attribute).</summary>
public enum PointerProperty
{
    /// <summary>The context that the memory belongs to (CUcontext).</summary>
    Context = 1,

    /// <summary>The memory type: 1 host, 2 device (unsigned int).</summary>
    MemoryType = 2,

    /// <summary>The address that kernels use (CUdeviceptr).</summary>
    DevicePointer = 3,

    /// <summary>The address that the host uses (void*).</summary>
    HostPointer = 4,

    /// <summary>1 if the memory is managed (unsigned int).</summary>
    IsManaged = 8,

    /// <summary>The device that the memory belongs to (int).</summary>
    DeviceOrdinal = 9,

    /// <summary>The start address of the allocation (CUdeviceptr).</summary>
    RangeStart = 11,

    /// <summary>The size of the allocation, in bytes (size_t).</summary>
    RangeBytes = 12,
}
