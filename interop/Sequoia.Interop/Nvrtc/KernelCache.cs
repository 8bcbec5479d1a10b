using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Sequoia.Interop;

/// <summary>
/// A cache of compiled kernels on disk. Each file is named by a hash of all inputs: the source, the headers, the options and NVRTC's version. A
/// file that is unreadable or damaged counts as missing. Safe for use by several threads and processes.
/// </summary>
/// <param name="folder">The folder of the files. It is created when first needed.</param>
public sealed class KernelCache(string folder)
{
    // Changes with the file format.
    private static ReadOnlySpan<byte> Mark => "SEQKERN1"u8;

    /// <summary>
    /// The user's cache: sequoia-native/kernels in XDG_CACHE_HOME, or else in ~/.cache. On Windows, it is in the local application data.
    /// </summary>
    public static KernelCache Default { get; } = new(Path.Combine(CacheHome(), "sequoia-native", "kernels"));

    /// <summary>The folder of the files.</summary>
    public string Folder { get; } = folder;

    internal static string Key(string source, CompileOptions options, string[] arguments, Version nvrtc)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append(nvrtc.ToString());
        Append(source);
        Append(options.FileName);
        AppendAll(arguments);
        AppendAll(options.Kernels);
        AppendAll(options.Headers.OrderBy(header => header.Key, StringComparer.Ordinal).SelectMany(header => (string[])[header.Key, header.Value]));
        return Convert.ToHexStringLower(hash.GetHashAndReset());

        // The lengths are hashed too, so that different lists never produce the same hash input.
        void Append(string text)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(text);
            hash.AppendData(BitConverter.GetBytes(bytes.Length));
            hash.AppendData(bytes);
        }

        void AppendAll(IEnumerable<string> texts)
        {
            string[] all = [.. texts];
            hash.AppendData(BitConverter.GetBytes(all.Length));
            foreach (string text in all)
                Append(text);
        }
    }

    internal bool TryRead(string key, [NotNullWhen(true)] out CompiledKernels? kernels)
    {
        kernels = null;
        try
        {
            byte[] file = File.ReadAllBytes(PathOf(key));
            int body = file.Length - SHA256.HashSizeInBytes;
            if (body < Mark.Length || !file.AsSpan().StartsWith(Mark) || !SHA256.HashData(file.AsSpan(0, body)).AsSpan().SequenceEqual(file.AsSpan(body)))
                return false;
            kernels = CacheEntry.Read(file.AsSpan(Mark.Length, body - Mark.Length).ToArray());
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Stores a result if possible. If the disk does not allow it, the only cost is compiling again.</summary>
    internal void Write(string key, CompiledKernels kernels)
    {
        byte[] body = [.. Mark, .. CacheEntry.Write(kernels)];
        string file = PathOf(key);
        // No reader sees a partial file: it is written next to its final path and then moved.
        string temporary = $"{file}.{Environment.ProcessId}.{Environment.CurrentManagedThreadId}.tmp";
        try
        {
            Directory.CreateDirectory(Folder);
            File.WriteAllBytes(temporary, [.. body, .. SHA256.HashData(body)]);
            File.Move(temporary, file, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            try
            {
                File.Delete(temporary);
            }
            catch (Exception left) when (left is IOException or UnauthorizedAccessException)
            {
                // The file is in a cache folder, where leftover files are common.
            }
        }
    }

    private static string CacheHome()
    {
        if (Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } named && Path.IsPathRooted(named))
            return named;
        if (OperatingSystem.IsWindows())
            return Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData);
        // A service may have no home folder. This folder is better than its current one.
        string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        return home.Length > 0 ? Path.Combine(home, ".cache") : Path.GetTempPath();
    }

    private string PathOf(string key) => Path.Combine(Folder, $"{key}.kernels");
}
