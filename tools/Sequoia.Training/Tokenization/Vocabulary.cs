using System.Globalization;

namespace Sequoia.Training.Tokenization;

/// <summary>Pieces and merges in the order that Llama 2 uses: specials, bytes, merged pieces by rank, characters.</summary>
internal sealed class Vocabulary
{
    public const int Unknown = 0;
    public const int Start = 1;
    public const int End = 2;
    public const int FirstByte = 3;
    public const int FirstPiece = FirstByte + 256;

    private readonly Dictionary<string, int> _ids = [];

    public Vocabulary(IReadOnlyList<(string Left, string Right)> merges, IEnumerable<char> alphabet)
    {
        Merges = merges;
        List<string> pieces = ["<unk>", "<s>", "</s>"];
        for (int b = 0; b < 256; b++) pieces.Add($"<0x{b.ToString("X2", CultureInfo.InvariantCulture)}>");
        foreach ((string left, string right) in merges)
        {
            if (_ids.TryAdd(left + right, pieces.Count)) pieces.Add(left + right);
        }

        foreach (char c in alphabet.Order())
        {
            if (_ids.TryAdd(c.ToString(), pieces.Count)) pieces.Add(c.ToString());
        }

        Pieces = pieces;
    }

    /// <summary>A vocabulary as read from a file: ids are positions in <paramref name="pieces"/>.</summary>
    public Vocabulary(IReadOnlyList<string> pieces, IReadOnlyList<(string Left, string Right)> merges)
    {
        Pieces = pieces;
        Merges = merges;
        for (int id = FirstPiece; id < pieces.Count; id++) _ids[pieces[id]] = id;
    }

    public IReadOnlyList<string> Pieces { get; }

    public IReadOnlyList<(string Left, string Right)> Merges { get; }

    /// <summary>The id of a learned piece or character, or -1. Specials and bytes are never found in text.</summary>
    public int Find(string piece) => _ids.GetValueOrDefault(piece, -1);
}
