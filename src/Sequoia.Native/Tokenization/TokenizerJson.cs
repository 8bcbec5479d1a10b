using System.Text.Json;
using System.Text.Unicode;

namespace Sequoia.Native.Tokenization;

/// <summary>Reads a Hugging Face tokenizer.json: BPE with byte fallback (Llama 2) or byte-level BPE (Llama 3).</summary>
internal static class TokenizerJson
{
    public static TokenizerParts Read(string file, ReadOnlyMemory<byte> json)
    {
        if (!Utf8.IsValid(json.Span))
            throw new ModelFileException(file, "is not valid UTF-8; download it again");
        if (json.Span.StartsWith("\uFEFF"u8))
            json = json[3..];
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new ModelFileException(file, "must hold a JSON object");
            return Assemble(file, new JsonSection(file, "", document.RootElement));
        }
        catch (JsonException e)
        {
            throw new ModelFileException(file, $"is not valid JSON near line {e.LineNumber + 1}; download it again", e);
        }
        catch (InvalidOperationException e)
        {
            // The JSON reader's answer to escapes such as a lone \ud800.
            throw new ModelFileException(file, "holds a value that is not valid text; download it again", e);
        }
    }

    private static TokenizerParts Assemble(string file, JsonSection root)
    {
        JsonSection model = root.Section("model") ?? throw root.Problem("model", "is missing");
        BytePairEncoder encoder = BpeModelJson.Read(model);
        List<AddedToken> added = ReadAddedTokens(root, encoder.Symbols);

        var ids = new Dictionary<string, int>(encoder.Symbols, StringComparer.Ordinal);
        foreach (AddedToken token in added)
            ids[token.Content] = token.Id;
        Vocabulary vocabulary = Vocabulary.Create(ids, file, "model.vocab and added_tokens");

        HashSet<int> special = [.. added.Where(token => token.Special).Select(token => token.Id)];
        DecodingTable decoding = DecoderJson.Read(root, vocabulary, special);
        (int? bos, int? eos) = SpecialIds.Find(System.IO.Path.GetDirectoryName(file) ?? "", vocabulary);
        return new TokenizerParts(
            vocabulary,
            added,
            Normalizer.FromJson(root.Section("normalizer")),
            PreTokenizer.FromJson(root.Section("pre_tokenizer"), file),
            encoder,
            decoding,
            bos,
            eos);
    }

    private static List<AddedToken> ReadAddedTokens(JsonSection root, Dictionary<string, int> vocabulary)
    {
        var tokens = new List<AddedToken>();
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (JsonSection entry in root.Sections("added_tokens"))
        {
            var token = new AddedToken(
                entry.Int("id"),
                entry.String("content"),
                entry.Bool("single_word", false),
                entry.Bool("lstrip", false),
                entry.Bool("rstrip", false),
                entry.Bool("normalized", true),
                entry.Bool("special", false));
            if ((vocabulary.TryGetValue(token.Content, out int known) || seen.TryGetValue(token.Content, out known)) && known != token.Id)
                throw entry.Problem("id", $"\"{Vocabulary.Show(token.Content)}\" has id {token.Id} here but {known} elsewhere; ids must agree");
            seen[token.Content] = token.Id;
            tokens.Add(token);
        }
        return tokens;
    }
}

/// <summary>What every kind of tokenizer file is read into.</summary>
internal sealed record TokenizerParts(
    Vocabulary Vocabulary,
    IReadOnlyList<AddedToken> AddedTokens,
    Normalizer Normalizer,
    PreTokenizer PreTokenizer,
    BytePairEncoder Encoder,
    DecodingTable Decoding,
    int? BosId,
    int? EosId);
