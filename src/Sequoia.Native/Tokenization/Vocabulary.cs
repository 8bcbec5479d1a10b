using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Sequoia.Native.Tokenization;

/// <summary>The pieces by id. Ids may have gaps; there are <see cref="Size"/> = highest id + 1 of them.</summary>
internal sealed class Vocabulary
{
    /// <summary>No known vocabulary has a tenth of this; a larger id means a damaged file and must not cause an allocation.</summary>
    public const int MaxSize = 1 << 22;

    private readonly string?[] _pieces;
    private readonly Dictionary<string, int> _ids;
    private readonly Lazy<byte[]> _fingerprint;

    private Vocabulary(string?[] pieces, Dictionary<string, int> ids)
    {
        _pieces = pieces;
        _ids = ids;
        _fingerprint = new Lazy<byte[]>(ComputeFingerprint);
    }

    public int Size => _pieces.Length;

    public string? this[int id] => (uint)id < (uint)_pieces.Length ? _pieces[id] : null;

    public int? IdOf(string piece) => _ids.TryGetValue(piece, out int id) ? id : null;

    /// <summary>SHA-256 over all pieces in id order, gaps included: equal exactly for equal vocabularies.</summary>
    public ReadOnlySpan<byte> Fingerprint => _fingerprint.Value;

    /// <summary>Takes ownership of <paramref name="ids"/>; errors name <paramref name="file"/>.</summary>
    public static Vocabulary Create(Dictionary<string, int> ids, string file, string key)
    {
        if (ids.Count == 0)
            throw new ModelFileException(file, $"{key}: holds no pieces");
        int highest = 0;
        foreach ((string piece, int id) in ids)
        {
            if ((uint)id >= MaxSize)
                throw new ModelFileException(file, $"{key}: piece \"{Show(piece)}\" has id {id}, which is not in 0..{MaxSize - 1}");
            highest = Math.Max(highest, id);
        }
        string?[] pieces = new string?[highest + 1];
        foreach ((string piece, int id) in ids)
        {
            if (pieces[id] is { } other)
                throw new ModelFileException(file, $"{key}: id {id} belongs to both \"{Show(other)}\" and \"{Show(piece)}\"; ids must differ");
            pieces[id] = piece;
        }
        return new Vocabulary(pieces, ids);
    }

    /// <summary>A piece as shown in a message: short, and on one line.</summary>
    public static string Show(string piece)
    {
        string head = piece.Length > 40 ? piece[..40] + "..." : piece;
        return string.Concat(head.Select(c => char.IsControl(c) || char.IsSurrogate(c) ? $"\\u{(int)c:x4}" : c.ToString()));
    }

    private byte[] ComputeFingerprint()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[1 << 16];
        int used = 0;
        foreach (string? piece in _pieces)
        {
            // A piece is preceded by its length (-1 for a gap), so that no two lists of pieces give the same bytes.
            int length = piece is null ? 0 : Encoding.UTF8.GetByteCount(piece);
            if (used + length + 4 > buffer.Length)
            {
                hash.AppendData(buffer, 0, used);
                used = 0;
                if (length + 4 > buffer.Length)
                    buffer = new byte[length + 4];
            }
            BinaryPrimitives.WriteInt32LittleEndian(buffer.AsSpan(used), piece is null ? -1 : length);
            used += 4 + Encoding.UTF8.GetBytes(piece, buffer.AsSpan(used + 4));
        }
        hash.AppendData(buffer, 0, used);
        return hash.GetHashAndReset();
    }
}
