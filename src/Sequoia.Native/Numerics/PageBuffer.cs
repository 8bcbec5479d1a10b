using System.Runtime.InteropServices;

namespace Sequoia.Native.Numerics;

/// <summary>
/// Address space for large blocks that are read from disk, in pages of 2 MB where the system has them: reading past the page cache is about twice as
/// fast into large pages as into small ones. A page takes memory from its first use until <see cref="Discard"/>. Freed by
/// disposal or with the last reference to this object, but never before what else was made from it, such as a registration with a driver.
/// </summary>
internal sealed unsafe partial class PageBuffer : SafeHandle
{
    public const int HugePage = 2 << 20;

    // Linux's constants are the same on all processors that .NET runs on.
    private const int ReadWrite = 1 | 2;
    private const int PrivateAnonymousUnreserved = 0x2 | 0x20 | 0x4000;
    private const int DontNeed = 4;
    private const int UseHugePages = 14;

    private readonly long _mapped;

    /// <param name="length">Bytes of address space.</param>
    /// <exception cref="InvalidInputException">The system does not give as much.</exception>
    public PageBuffer(long length) : base(0, ownsHandle: true)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        Length = length;
        if (!OperatingSystem.IsLinux())
        {
            Pointer = (byte*)NativeMemory.AlignedAlloc((nuint)Math.Max(length, 1), HugePage);
            SetHandle((nint)Pointer);
            return;
        }
        // Aligned to large pages, and whole ones, so that all of it can be in large pages.
        _mapped = ((length + HugePage - 1) / HugePage * HugePage) + HugePage;
        nint address = Map(0, (nuint)_mapped, ReadWrite, PrivateAnonymousUnreserved, -1, 0);
        if (address == -1)
            throw new InvalidInputException($"memory: the system refuses {length} bytes of address space; raise its limit (ulimit -v), or use less memory") { Parameter = "memory" };
        SetHandle(address);
        Pointer = (byte*)((address + HugePage - 1) / HugePage * HugePage);
        // Advice only: without large pages everything works, more slowly.
        _ = Advise((nint)Pointer, (nuint)(_mapped - HugePage), UseHugePages);
    }

    public override bool IsInvalid => handle == 0;

    public long Length { get; }

    /// <summary>The start, aligned to large pages.</summary>
    public byte* Pointer { get; }

    /// <summary>Gives the memory of all whole large pages from <paramref name="offset"/> on back to the system; their contents are lost.</summary>
    public void Discard(long offset)
    {
        long from = (offset + HugePage - 1) / HugePage * HugePage;
        if (OperatingSystem.IsLinux() && from < Length)
            _ = Advise((nint)(Pointer + from), (nuint)(Length - from), DontNeed);
    }

    protected override bool ReleaseHandle()
    {
        if (_mapped > 0)
            return Unmap(handle, (nuint)_mapped) == 0;
        NativeMemory.AlignedFree((void*)handle);
        return true;
    }

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial nint Map(nint address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(nint address, nuint length);

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(nint address, nuint length, int advice);
}
