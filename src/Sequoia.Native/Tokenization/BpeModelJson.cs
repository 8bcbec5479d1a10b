using System.Text.Json;
using Sequoia.Native.Models;

namespace Sequoia.Native.Tokenization;

/// <summary>Reads the model section of tokenizer.json.</summary>
internal sealed class BpeModelJson
{
    private readonly JsonSection _model;
    private readonly Dictionary<string, int> _vocabulary;

    private BpeModelJson(JsonSection model, Dictionary<string, int> vocabulary) => (_model, _vocabulary) = (model, vocabulary);

    public static BytePairEncoder Read(JsonSection model)
    {
        // Some older files omit the type; the merges then identify it.
        if ((model.OptionalText("type") ?? "BPE") != "BPE")
            throw model.Unsupported("BPE");
        if (model.OptionalNumber("dropout") is not (null or 0))
            throw model.Problem("dropout", "is not supported, as encoding must give the same ids every time; set it to null");
        foreach (string key in (string[])["continuing_subword_prefix", "end_of_word_suffix"])
        {
            if (!string.IsNullOrEmpty(model.OptionalText(key)))
                throw model.Problem(key, "is not supported; set it to null");
        }
        var json = new BpeModelJson(model, ReadVocabulary(model));
        return new BytePairEncoder
        {
            Symbols = json._vocabulary,
            Merges = json.ReadMerges(),
            ByteIds = model.Flag("byte_fallback", false) ? json.ByteIds() : null,
            UnknownId = json.UnknownId(),
            FuseUnknown = model.Flag("fuse_unk", false),
            IgnoreMerges = model.Flag("ignore_merges", false),
        };
    }

    private static Dictionary<string, int> ReadVocabulary(JsonSection model)
    {
        JsonElement list = model.Value("vocab", JsonValueKind.Object) ?? throw model.Problem("vocab", "is missing");
        var vocabulary = new Dictionary<string, int>(list.GetPropertyCount(), StringComparer.Ordinal);
        foreach (JsonProperty entry in list.EnumerateObject())
        {
            if (entry.Value.ValueKind != JsonValueKind.Number || !entry.Value.TryGetInt32(out int id))
                throw model.Problem("vocab", $"the id of \"{Vocabulary.Show(entry.Name)}\" must be a whole number");
            if (!vocabulary.TryAdd(entry.Name, id))
                throw model.Problem("vocab", $"piece \"{Vocabulary.Show(entry.Name)}\" comes twice");
        }
        return vocabulary;
    }

    private MergeTable ReadMerges()
    {
        JsonElement list = _model.Value("merges", JsonValueKind.Array) ?? throw _model.Problem("merges", "is missing");
        var table = new MergeTable(list.GetArrayLength());
        int rank = 0;
        foreach (JsonElement entry in list.EnumerateArray())
        {
            (string left, string right) = ReadPair(entry, rank);
            int merged = IdOf(left + right, rank);
            table.Set(IdOf(left, rank), IdOf(right, rank), new MergeTable.Merge(rank, merged));
            rank++;
        }
        return table;
    }

    // Older files write "a b", newer ones ["a", "b"].
    private (string Left, string Right) ReadPair(JsonElement entry, int rank)
    {
        if (entry.ValueKind == JsonValueKind.String)
        {
            string both = entry.GetString()!;
            int space = both.IndexOf(' ', StringComparison.Ordinal);
            if (space > 0 && space < both.Length - 1 && both.IndexOf(' ', space + 1) < 0)
                return (both[..space], both[(space + 1)..]);
        }
        else if (entry.ValueKind == JsonValueKind.Array && entry.GetArrayLength() == 2
            && entry[0].ValueKind == JsonValueKind.String && entry[1].ValueKind == JsonValueKind.String)
        {
            return (entry[0].GetString()!, entry[1].GetString()!);
        }
        throw _model.Problem($"merges[{rank}]", "must be \"a b\" or [\"a\", \"b\"]");
    }

    private int IdOf(string piece, int rank) => _vocabulary.TryGetValue(piece, out int id)
        ? id
        : throw _model.Problem($"merges[{rank}]", $"piece \"{Vocabulary.Show(piece)}\" is not in model.vocab");

    private int? UnknownId()
    {
        if (_model.OptionalText("unk_token") is not { } unknown)
            return null;
        return _vocabulary.TryGetValue(unknown, out int id)
            ? id
            : throw _model.Problem("unk_token", $"\"{Vocabulary.Show(unknown)}\" is not in model.vocab");
    }

    private int[] ByteIds()
    {
        int[] ids = new int[256];
        for (int value = 0; value < 256; value++)
        {
            if (!_vocabulary.TryGetValue($"<0x{value:X2}>", out ids[value]))
                throw _model.Problem("byte_fallback", $"needs a piece for every byte, but <0x{value:X2}> is not in model.vocab");
        }
        return ids;
    }
}
