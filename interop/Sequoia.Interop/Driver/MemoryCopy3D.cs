using System.Runtime.InteropServices;

namespace Sequoia.Interop;

/// <summary>
/// A copy of <see cref="Depth"/> slices of <see cref="Height"/> rows of <see cref="WidthBytes"/> bytes (CUDA_MEMCPY3D). Each side has its own address,
/// its own offset, and its own distance between rows and between slices.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct MemoryCopy3D
{
    /// <summary>The offset in the source: bytes in a row, rows, slices.</summary>
    public nuint SourceX, SourceY, SourceZ;

    /// <summary>The source's level of detail: 0.</summary>
    public nuint SourceLevel;

    /// <summary>Which of the source's addresses counts.</summary>
    public MemoryKind SourceKind;

    /// <summary>The source, if it is host memory.</summary>
    public void* SourceHost;

    /// <summary>The source, if it is device memory (CUdeviceptr).</summary>
    public ulong SourceDevice;

    /// <summary>The source, if it is an array (CUarray).</summary>
    public nint SourceArray;

    /// <summary>Reserved: 0.</summary>
    public nint SourceReserved;

    /// <summary>The distance between the source's rows, in bytes.</summary>
    public nuint SourcePitch;

    /// <summary>The distance between the source's slices, in rows.</summary>
    public nuint SourceHeight;

    /// <summary>The offset in the target: bytes in a row, rows, slices.</summary>
    public nuint TargetX, TargetY, TargetZ;

    /// <summary>The target's level of detail: 0.</summary>
    public nuint TargetLevel;

    /// <summary>Which of the target's addresses counts.</summary>
    public MemoryKind TargetKind;

    /// <summary>The target, if it is host memory.</summary>
    public void* TargetHost;

    /// <summary>The target, if it is device memory (CUdeviceptr).</summary>
    public ulong TargetDevice;

    /// <summary>The target, if it is an array (CUarray).</summary>
    public nint TargetArray;

    /// <summary>Reserved: 0.</summary>
    public nint TargetReserved;

    /// <summary>The distance between the target's rows, in bytes.</summary>
    public nuint TargetPitch;

    /// <summary>The distance between the target's slices, in rows.</summary>
    public nuint TargetHeight;

    /// <summary>The bytes of a row.</summary>
    public nuint WidthBytes;

    /// <summary>The rows of a slice.</summary>
    public nuint Height;

    /// <summary>The slices.</summary>
    public nuint Depth;
}

/// <summary>Kinds of memory (CUmemorytype).</summary>
public enum MemoryKind
{
    /// <summary>Host memory.</summary>
    Host = 1,

    /// <summary>Device memory.</summary>
    Device = 2,

    /// <summary>A CUDA array.</summary>
    Array = 3,

    /// <summary>An address of either kind, which the driver recognizes. It is in the field for device memory.</summary>
    Unified = 4,
}
