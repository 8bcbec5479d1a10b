using System.Runtime.InteropServices;

namespace Sequoia.Interop;

/// <summary>The sizes, the stream and the attributes of a launch (CUlaunchConfig).</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct LaunchConfig
{
    /// <summary>Blocks of the grid.</summary>
    public uint GridX, GridY, GridZ;

    /// <summary>Threads of a block.</summary>
    public uint BlockX, BlockY, BlockZ;

    /// <summary>Bytes of dynamic shared memory of a block.</summary>
    public uint SharedBytes;

    /// <summary>The stream; 0 is the default stream.</summary>
    public nint Stream;

    /// <summary>The attributes.</summary>
    public LaunchAttribute* Attributes;

    /// <summary>The number of attributes.</summary>
    public uint AttributeCount;
}

/// <summary>An attribute of a launch (CUlaunchAttribute): its kind, and a value in the first bytes of a union of 64.</summary>
[StructLayout(LayoutKind.Explicit, Size = 72)]
public struct LaunchAttribute
{
    /// <summary>What the value is about.</summary>
    [FieldOffset(0)]
    public LaunchAttributeKind Kind;

    /// <summary>The value, if it is an int.</summary>
    [FieldOffset(8)]
    public int Value;
}

/// <summary>Kinds of attributes (CUlaunchAttributeID).</summary>
public enum LaunchAttributeKind
{
    /// <summary>None.</summary>
    Ignore = 0,

    /// <summary>If the value is 1, the kernel may start before the kernel before it in the stream has ended.</summary>
    ProgrammaticStreamSerialization = 6,
}
