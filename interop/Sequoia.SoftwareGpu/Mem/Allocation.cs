namespace Sequoia.SoftwareGpu.Mem;

/// <summary>One live range of device addresses. Lives in native memory, so that instructions can remember it.</summary>
internal unsafe struct Allocation
{
    public ulong Start;
    public ulong End;

    /// <summary>The host bytes of <see cref="Start"/>.</summary>
    public byte* Host;

    /// <summary>One byte a byte, 1 = written; null while <see cref="WrittenPrefix"/> says it all, or once everything is.</summary>
    public byte* Written;

    public bool IsAllWritten;

    /// <summary>While there is no shadow: that many bytes from the start on are written. Uploads come in this order, and then need none.</summary>
    public ulong WrittenPrefix;
    public bool IsReadOnly;

    /// <summary>Registered host memory: freed by its owner.</summary>
    public bool IsHost;

    public int Number;

    /// <summary>Last writer of each word: see the race shadow.</summary>
    public uint* Writers;

    /// <summary>Which words a counted launch touched, one byte a word; null outside such launches.</summary>
    public byte* Touched;

    public readonly ulong Bytes => End - Start;
}
