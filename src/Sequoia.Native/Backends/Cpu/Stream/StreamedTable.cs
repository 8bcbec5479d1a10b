using Microsoft.Win32.SafeHandles;
using Sequoia.Native.Models;
using Sequoia.Native.Numerics;

namespace Sequoia.Native.Backends.Cpu;

/// <summary>The embedding of a model that is streamed: a pass reads its rows from the file, through the page cache, which may keep them.</summary>
internal sealed unsafe class StreamedTable : Matrix, IDisposable
{
    private readonly TensorView _tensor;
    private readonly SafeFileHandle _file;
    private readonly AlignedBuffer<byte> _row;

    /// <exception cref="ModelFileException">The file cannot be opened.</exception>
    public StreamedTable(TensorView tensor) : base(tensor.Rows, tensor.Columns)
    {
        try
        {
            _file = File.OpenHandle(tensor.Place!.File);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelFileException(tensor.Place!.File, $"the file cannot be opened ({e.Message})", e);
        }
        _row = new AlignedBuffer<byte>(tensor.RowBytes);
        _tensor = tensor with { Shape = [1, tensor.Columns], Address = (nint)_row.Pointer, Owner = _row };
    }

    /// <summary>Reads one row and widens it to fp32. One thread at a time.</summary>
    /// <exception cref="ModelFileException">The row cannot be read.</exception>
    public void Widen(int row, float* destination)
    {
        long offset = _tensor.Place!.Offset + (row * _tensor.RowBytes);
        var bytes = new Span<byte>(_row.Pointer, checked((int)_tensor.RowBytes));
        try
        {
            while (!bytes.IsEmpty)
            {
                int read = RandomAccess.Read(_file, bytes, offset + _tensor.RowBytes - bytes.Length);
                if (read == 0)
                    throw new EndOfStreamException($"the file has {RandomAccess.GetLength(_file)} bytes");
                bytes = bytes[read..];
            }
        }
        catch (IOException e)
        {
            throw new ModelFileException(_tensor.Place.File, $"tensor '{_tensor.Name}': {_tensor.RowBytes} bytes from {offset} could not be read ({e.Message})", e);
        }
        RowReader.Widen(_tensor, 0, destination);
    }

    public void Dispose()
    {
        _file.Dispose();
        _row.Dispose();
    }
}
