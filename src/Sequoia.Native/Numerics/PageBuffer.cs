using System.Runtime.InteropServices;

namespace Sequoia.Native.Numerics;

/// <summary>
/// Address space for large blocks that are read from disk, in pages of 2 MB where the system has them: reading past the page cache is about twice as
/// fast into large pages as into small ones. A page takes memory from its first use until <see cref="Discard"/>. Freed by
/// <see cref="Dispose"/> or with the last reference to this object.
/// </summary>
internal sealed unsafe partial class PageBuffer : IDisposable
{
    public const int HugePage = 2 << 20;

    // Linux's constants are the same on all processors that .NET runs on.
    private const int ReadWrite = 1 | 2;
    private const int PrivateAnonymousUnreserved = 0x2 | 0x20 | 0x4000;
    private const int DontNeed = 4;
    private const int UseHugePages = 14;

    private readonly long _mapped;
    private nint _address;

    /// <param name="length">Bytes of address space.</param>
    /// <exception cref="InvalidInputException">The system does not give as much.</exception>
    public PageBuffer(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        Length = length;
        if (!OperatingSystem.IsLinux())
        {
            _address = (nint)NativeMemory.AlignedAlloc((nuint)Math.Max(length, 1), HugePage);
            Pointer = (byte*)_address;
            return;
        }
        // Aligned to large pages, and whole ones, so that all of it can be in large pages.
        _mapped = ((length + HugePage - 1) / HugePage * HugePage) + HugePage;
        _address = Map(0, (nuint)_mapped, ReadWrite, PrivateAnonymousUnreserved, -1, 0);
        if (_address == -1)
        {
            _address = 0;
            throw new InvalidInputException($"memory: the system refuses {length} bytes of address space; raise its limit (ulimit -v), or use less memory") { Parameter = "memory" };
        }
        Pointer = (byte*)((_address + HugePage - 1) / HugePage * HugePage);
        // Advice only: without large pages everything works, more slowly.
        _ = Advise((nint)Pointer, (nuint)(_mapped - HugePage), UseHugePages);
    }

    ~PageBuffer() => Free();

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

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        nint address = Interlocked.Exchange(ref _address, 0);
        if (address == 0)
            return;
        if (_mapped > 0)
            _ = Unmap(address, (nuint)_mapped);
        else
            NativeMemory.AlignedFree((void*)address);
    }

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial nint Map(nint address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(nint address, nuint length);

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(nint address, nuint length, int advice);
}
