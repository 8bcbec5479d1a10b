using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Sequoia.Native.Models;

/// <summary>
/// A file opened for reading large blocks again and again past the page cache, which would keep nothing useful of a file that is larger than memory
/// and read in order. Where the system refuses that, it reads through the page cache and gives its pages back. Thread-safe.
/// </summary>
internal sealed unsafe partial class DirectFile : IDisposable
{
    /// <summary>Offsets, lengths and addresses of reads are multiples of this.</summary>
    public const int Block = 4096;

    private const int GetFlags = 3, SetFlags = 4, WillNotNeed = 4;

    private readonly SafeFileHandle _handle;
    private readonly DateTime _written;

    /// <exception cref="ModelFileException">The file cannot be opened.</exception>
    public DirectFile(string path)
    {
        Path = path;
        try
        {
            // .NET passes this flag on to Windows only.
            const FileOptions NoBuffering = (FileOptions)0x20000000;
            _handle = File.OpenHandle(path, options: OperatingSystem.IsWindows() ? NoBuffering : FileOptions.None);
            Length = RandomAccess.GetLength(_handle);
            _written = File.GetLastWriteTimeUtc(_handle);
            IsDirect = OperatingSystem.IsWindows() || GoDirect((int)_handle.DangerousGetHandle());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _handle?.Dispose();
            throw new ModelFileException(path, $"the file cannot be opened ({e.Message})", e);
        }
    }

    public string Path { get; }

    /// <summary>The bytes that the file had when it was opened.</summary>
    public long Length { get; }

    /// <summary>The bytes that it has now.</summary>
    public long LengthNow => RandomAccess.GetLength(_handle);

    /// <summary>Whether reads go past the page cache.</summary>
    public bool IsDirect { get; }

    /// <summary>Reads whole blocks; only those at the end of the file may be incomplete.</summary>
    /// <param name="offset">A multiple of <see cref="Block"/>.</param>
    /// <param name="into">Its address is a multiple of <see cref="Block"/>.</param>
    /// <param name="bytes">A multiple of <see cref="Block"/>.</param>
    /// <returns>The bytes read, fewer than <paramref name="bytes"/> only at the end of the file.</returns>
    /// <exception cref="IOException">The system reports an error.</exception>
    public long Read(long offset, byte* into, long bytes)
    {
        long done = 0;
        while (done < bytes)
        {
            int read = RandomAccess.Read(_handle, new Span<byte>(into + done, (int)Math.Min(bytes - done, 1 << 30)), offset + done);
            done += read;
            // A read that ends inside a block has reached the end of the file.
            if (read == 0 || done % Block != 0)
                break;
        }
        if (!IsDirect && OperatingSystem.IsLinux())
            _ = Advise((int)_handle.DangerousGetHandle(), (nint)offset, (nint)bytes, WillNotNeed);
        return done;
    }

    /// <summary>Checks that nobody has written to the file since it was opened. Allocates nothing.</summary>
    /// <exception cref="ModelFileException">Somebody has.</exception>
    public void RequireUnchanged()
    {
        if (LengthNow != Length || File.GetLastWriteTimeUtc(_handle) != _written)
            throw new ModelFileException(Path, "the file has changed since the model was loaded; load it again");
    }

    public void Dispose() => _handle.Dispose();

    private static bool GoDirect(int file)
    {
        if (!OperatingSystem.IsLinux())
            return false;
        int direct = RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm ? 0x10000 : 0x4000;
        int flags = Control(file, GetFlags, 0);
        if (flags < 0 || Control(file, SetFlags, flags | direct) != 0)
            return false;
        // Some file systems accept the flag and refuse the reads.
        byte* block = (byte*)NativeMemory.AlignedAlloc(Block, Block);
        try
        {
            if (ReadAt(file, block, Block, 0) >= 0)
                return true;
            _ = Control(file, SetFlags, flags);
            return false;
        }
        finally
        {
            NativeMemory.AlignedFree(block);
        }
    }

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int Control(int file, int command, int argument);

    [LibraryImport("libc", EntryPoint = "pread")]
    private static partial nint ReadAt(int file, byte* into, nuint bytes, nint offset);

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    private static partial int Advise(int file, nint offset, nint bytes, int advice);
}
