using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;
using Sequoia.Native;

namespace Sequoia.Cli.Offload;

/// <summary>
/// A safetensors file of synthetic tensors. It has a temporary name until it is complete and on the disk. What an interrupted run has written of it
/// is kept up to the last whole tensor.
/// </summary>
internal sealed class SyntheticFile
{
    private const int ChunkBytes = 16 << 20;

    // Bounds what an interruption waits for, and leaves the page cache to others.
    private const long BytesPerFlush = 256 << 20;

    private readonly byte[] _header;

    public SyntheticFile(string path, IReadOnlyList<SyntheticTensor> tensors)
    {
        (Path, Tensors, _header) = (path, tensors, HeaderOf(tensors));
        Length = _header.Length + tensors.Sum(tensor => tensor.Bytes);
    }

    public string Path { get; }

    public IReadOnlyList<SyntheticTensor> Tensors { get; }

    /// <summary>The bytes of the complete file.</summary>
    public long Length { get; }

    public bool IsComplete => new FileInfo(Path) is { Exists: true } file && file.Length == Length;

    /// <summary>The name until the file is complete.</summary>
    public string PartialPath => PartialPathOf(Path);

    /// <summary>The bytes that are there already.</summary>
    public long KeptBytes
    {
        get
        {
            if (IsComplete)
                return Length;
            if (!File.Exists(PartialPath))
                return 0;
            using SafeFileHandle file = File.OpenHandle(PartialPath, share: FileShare.ReadWrite);
            return KeptBytesOf(file);
        }
    }

    public static string PartialPathOf(string path) => path + ".partial";

    /// <summary>Writes what is missing.</summary>
    /// <param name="written">Receives the bytes of each write.</param>
    /// <param name="cancellation">Stops within one write; the next call continues from there.</param>
    /// <exception cref="InvalidInputException">The disk is full, or does not let the file be written.</exception>
    public async Task WriteAsync(Action<long> written, CancellationToken cancellation)
    {
        if (IsComplete)
            return;
        try
        {
            using (SafeFileHandle file = File.OpenHandle(PartialPath, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None))
                await WriteAsync(file, written, cancellation);
            File.Move(PartialPath, Path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException(
                $"{PartialPath}: cannot be written ({e.Message.ReplaceLineEndings(" ")}); run the command again when the cause is gone: it continues from here", e);
        }
    }

    private async Task WriteAsync(SafeFileHandle file, Action<long> written, CancellationToken cancellation)
    {
        long kept = KeptBytesOf(file), position = _header.Length;
        RandomAccess.SetLength(file, kept);
        if (kept == 0)
        {
            RandomAccess.Write(file, _header, 0);
            written(_header.Length);
        }
        // While one buffer is written, the other is filled.
        byte[] filled = [], other = [];
        Task writing = Task.CompletedTask;
        try
        {
            foreach (SyntheticTensor tensor in Tensors)
            {
                position += tensor.Bytes;
                if (position <= kept)
                    continue;
                int most = Math.Clamp(ChunkBytes / tensor.RowBytes, 1, tensor.Rows);
                for (int row = 0; row < tensor.Rows; row += most)
                {
                    cancellation.ThrowIfCancellationRequested();
                    int rows = Math.Min(most, tensor.Rows - row);
                    if (filled.Length < most * tensor.RowBytes)
                        filled = new byte[most * tensor.RowBytes];
                    tensor.Fill(filled, row, rows);
                    await writing;
                    ReadOnlyMemory<byte> bytes = filled.AsMemory(0, rows * tensor.RowBytes);
                    long at = position - tensor.Bytes + ((long)row * tensor.RowBytes);
                    writing = Task.Run(() => Write(file, bytes, at), CancellationToken.None);
                    written(bytes.Length);
                    (filled, other) = (other, filled);
                }
            }
        }
        finally
        {
            await writing;
        }
        RandomAccess.FlushToDisk(file);
    }

    private static void Write(SafeFileHandle file, ReadOnlyMemory<byte> bytes, long at)
    {
        try
        {
            RandomAccess.Write(file, bytes.Span, at);
        }
        catch (ArgumentOutOfRangeException e)
        {
            // The runtime's exception for EFBIG.
            throw new IOException("The file system or a limit of the shell allows no larger file", e);
        }
        if (at / BytesPerFlush != (at + bytes.Length) / BytesPerFlush)
            RandomAccess.FlushToDisk(file);
    }

    // A file with another header is another version's.
    private long KeptBytesOf(SafeFileHandle file)
    {
        long length = RandomAccess.GetLength(file), kept = _header.Length;
        byte[] header = new byte[_header.Length];
        if (length > Length || RandomAccess.Read(file, header, 0) < header.Length || !header.AsSpan().SequenceEqual(_header))
            return 0;
        foreach (SyntheticTensor tensor in Tensors)
        {
            if (kept + tensor.Bytes > length)
                break;
            kept += tensor.Bytes;
        }
        return kept;
    }

    private static byte[] HeaderOf(IReadOnlyList<SyntheticTensor> tensors)
    {
        using var text = new MemoryStream();
        using (var json = new Utf8JsonWriter(text))
        {
            long offset = 0;
            json.WriteStartObject();
            foreach (SyntheticTensor tensor in tensors)
            {
                json.WriteStartObject(tensor.Name);
                json.WriteString("dtype", "BF16");
                json.WriteStartArray("shape");
                Array.ForEach(tensor.Shape, json.WriteNumberValue);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                json.WriteNumberValue(offset += tensor.Bytes);
                json.WriteEndArray();
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        // Spaces may follow the object; tensors then begin at a multiple of eight bytes.
        byte[] padded = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(text.ToArray()).PadRight((int)((text.Length + 7) / 8 * 8)));
        byte[] length = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)padded.Length);
        return [.. length, .. padded];
    }
}
