namespace Sequoia.Interop;

/// <summary>What can be asked of a pointer (CUpointer_attribute).</summary>
public enum PointerProperty
{
    /// <summary>The context it belongs to (CUcontext).</summary>
    Context = 1,

    /// <summary>1 host, 2 device (unsigned int).</summary>
    MemoryType = 2,

    /// <summary>The address at which kernels reach it (CUdeviceptr).</summary>
    DevicePointer = 3,

    /// <summary>The address at which the host reaches it (void*).</summary>
    HostPointer = 4,

    /// <summary>1 where it is managed memory (unsigned int).</summary>
    IsManaged = 8,

    /// <summary>The device it belongs to (int).</summary>
    DeviceOrdinal = 9,

    /// <summary>Where its allocation begins (CUdeviceptr).</summary>
    RangeStart = 11,

    /// <summary>The size of its allocation, in bytes (size_t).</summary>
    RangeBytes = 12,
}
