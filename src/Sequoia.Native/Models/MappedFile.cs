using System.IO.MemoryMappedFiles;

namespace Sequoia.Native.Models;

/// <summary>
/// A file mapped read-only into memory: the page cache is the only copy of the weights. The mapping ends with <see cref="Dispose"/>, or with the
/// last reference to this object: code that keeps an address also keeps the object (<see cref="TensorView.Owner"/>).
/// </summary>
internal sealed unsafe class MappedFile : IDisposable
{
    private readonly MemoryMappedViewAccessor _view;

    public MappedFile(string path)
    {
        // The opened file's length: a link, as in Hugging Face's cache, has its own length.
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        Length = stream.Length;
        using var file = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        _view = file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        // AcquirePointer would add a reference that only Dispose releases, so an undisposed mapping would never be freed.
        Data = (byte*)_view.SafeMemoryMappedViewHandle.DangerousGetHandle() + _view.PointerOffset;
    }

    public byte* Data { get; }

    public long Length { get; }

    public void Dispose() => _view.Dispose();
}
