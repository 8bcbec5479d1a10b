using Sequoia.SoftwareGpu.Check;

namespace Sequoia.SoftwareGpu.Mem;

/// <summary>A live range of device addresses. It is in native memory, so that instructions can cache it.</summary>
internal unsafe struct Allocation
{
    public ulong Start;
    public ulong End;

    /// <summary>The host address of <see cref="Start"/>.</summary>
    public byte* Host;

    /// <summary>One byte per byte, 1 = written. Null while <see cref="WrittenPrefix"/> is sufficient, or once all bytes are written.</summary>
    public byte* Written;

    public bool IsAllWritten;

    /// <summary>While there is no shadow, this many bytes from the start are written. Uploads proceed in this order and then need no shadow.</summary>
    public ulong WrittenPrefix;
    public bool IsReadOnly;

    /// <summary>Whether this is registered host memory, which its owner frees.</summary>
    public bool IsHost;

    public int Number;

    /// <summary>The last writer of each word. See the race shadow.</summary>
    public uint* Writers;

    /// <summary>The last checked launch that wrote each word. Null before the first.</summary>
    public uint* Launches;

    /// <summary>The words that a counted launch touched, one byte per word. Null outside such launches.</summary>
    public byte* Touched;

    /// <summary>Whether the running launch accessed this. What it accessed is only kept if the driver wants to know.</summary>
    public bool IsTouched;
    public TouchedBytes Reads;
    public TouchedBytes Writes;
    public TouchedBytes Atomics;

    public readonly ulong Bytes => End - Start;
}
