using System.Runtime.InteropServices;
using Sequoia.Training.Modelling;
using Sequoia.Training.Storage;

namespace Sequoia.Training.Distillation;

/// <summary>Text that the target told: one flat file of 16-bit ids, in rows of one length.</summary>
internal sealed class ToldText
{
    public const int RowLength = LlamaShape.Positions + 1;
    private const string FileName = "told.bin";

    private readonly ushort[] _ids;

    private ToldText(ushort[] ids) => _ids = ids;

    public int Rows => _ids.Length / RowLength;

    public static void Write(string folder, IReadOnlyCollection<ushort[]> batches) => AtomicFile.Write(Path.Combine(folder, FileName), stream =>
    {
        foreach (ushort[] ids in batches) stream.Write(MemoryMarshal.AsBytes(ids.AsSpan()));
    });

    public static ToldText Open(string folder)
    {
        string path = Path.Combine(folder, FileName);
        if (!File.Exists(path)) throw new UsageException($"{path} is missing: run `tell` first.");
        return new ToldText(MemoryMarshal.Cast<byte, ushort>(File.ReadAllBytes(path)).ToArray());
    }

    public void CopyRow(int row, Span<long> to)
    {
        for (int i = 0; i < RowLength; i++) to[i] = _ids[row * RowLength + i];
    }
}
