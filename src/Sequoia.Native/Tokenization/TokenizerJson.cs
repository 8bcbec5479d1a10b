using Sequoia.Native.Models;

namespace Sequoia.Native.Tokenization;

/// <summary>Reads a Hugging Face tokenizer.json: BPE with byte fallback (Llama 2) or byte-level BPE (Llama 3).</summary>
internal static class TokenizerJson
{
    public static TokenizerParts Read(string file, byte[] json)
    {
        try
        {
            // Repeated keys are checked where they matter: among a hundred thousand pieces of the vocabulary.
            return Assemble(file, JsonSection.Read(file, json, duplicates: true));
        }
        catch (InvalidOperationException e)
        {
            // The JSON reader's exception for escapes such as a lone \ud800.
            throw new ModelFileException(file, "holds a value that is not valid text; download it again", e);
        }
    }

    private static TokenizerParts Assemble(string file, JsonSection root)
    {
        JsonSection model = root.RequiredSection("model");
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
            PreTokenizer.FromJson(root.Section("pre_tokenizer")),
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
                entry.Text("content"),
                entry.Flag("single_word", false),
                entry.Flag("lstrip", false),
                entry.Flag("rstrip", false),
                entry.Flag("normalized", true),
                entry.Flag("special", false));
            if ((vocabulary.TryGetValue(token.Content, out int known) || seen.TryGetValue(token.Content, out known)) && known != token.Id)
                throw entry.Problem("id", $"\"{Vocabulary.Show(token.Content)}\" has id {token.Id} here but {known} elsewhere; ids must agree");
            seen[token.Content] = token.Id;
            tokens.Add(token);
        }
        return tokens;
    }
}

/// <summary>The result of reading any kind of tokenizer file.</summary>
internal sealed record TokenizerParts(
    Vocabulary Vocabulary,
    IReadOnlyList<AddedToken> AddedTokens,
    Normalizer Normalizer,
    PreTokenizer PreTokenizer,
    BytePairEncoder Encoder,
    DecodingTable Decoding,
    int? BosId,
    int? EosId);
