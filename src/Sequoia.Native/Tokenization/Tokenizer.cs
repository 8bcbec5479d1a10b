using System.Text;
using Sequoia.Native.Models;
using Sequoia.Native.Tokenization;

namespace Sequoia.Native;

/// <summary>
/// Converts text to token ids and back, as the Hugging Face and SentencePiece tokenizers of Llama models do.
/// Immutable and thread-safe; the same text always gives the same ids.
/// </summary>
public sealed class Tokenizer
{
    private readonly TokenizerParts _parts;
    // Matchers for raw and normalised text; without special tokens for text in which those are plain text.
    private readonly (AddedTokenMatcher? Raw, AddedTokenMatcher? Normalized) _tokens, _plainTokens;

    private Tokenizer(TokenizerParts parts)
    {
        _parts = parts;
        _tokens = Matchers(parts.AddedTokens);
        _plainTokens = Matchers(parts.AddedTokens.Where(token => !token.Special));
    }

    /// <summary>The number of ids: the highest id + 1, added tokens included.</summary>
    public int VocabularySize => _parts.Vocabulary.Size;

    /// <summary>The id that begins every text; null if the tokenizer has none. <see cref="Encode"/> does not add it.</summary>
    public int? BosId => _parts.BosId;

    /// <summary>The id that ends a text; null if the tokenizer has none.</summary>
    public int? EosId => _parts.EosId;

    /// <summary>
    /// Loads a tokenizer: a model folder (tokenizer.json first, otherwise tokenizer.model), or one such file under any name.
    /// </summary>
    /// <exception cref="ModelFileException">
    /// The file is missing, damaged, or requires an unsupported feature; the message says which.
    /// </exception>
    public static Tokenizer Load(string folderOrFile)
    {
        ArgumentException.ThrowIfNullOrEmpty(folderOrFile);
        string file = FileOf(folderOrFile);
        byte[] content = ModelFile.ReadAll(file);
        return new Tokenizer(LooksLikeJson(file, content) ? TokenizerJson.Read(file, content) : SentencePieceTokenizer.Read(file, content));
    }

    /// <summary>Converts <paramref name="text"/> to ids, without BOS. Unpaired surrogates count as U+FFFD.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="special">
    /// Whether special tokens that are written out in the text become their ids or the ids of their characters. Use the latter for untrusted text,
    /// which could otherwise end a text or speak in another role.
    /// </param>
    public int[] Encode(string text, SpecialTokens special = SpecialTokens.Parse)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (!Enum.IsDefined(special))
            throw new ArgumentOutOfRangeException(nameof(special), special, "is not defined");
        if (text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF'))
            text = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
        (AddedTokenMatcher? raw, AddedTokenMatcher? normalized) = special == SpecialTokens.Parse ? _tokens : _plainTokens;
        var ids = new List<int>();
        var work = new MergeWorkspace();
        foreach (AddedTokenMatcher.Stretch stretch in Split(raw, text))
        {
            if (stretch.Token is { } token)
                ids.Add(token.Id);
            else
                EncodeStretch(text.Substring(stretch.Start, stretch.Length), stretch.Start == 0, normalized, work, ids);
        }
        return [.. ids];
    }

    /// <summary>
    /// Converts <paramref name="ids"/> to text. Special tokens and ids outside the vocabulary are skipped; bytes that do
    /// not form a character become U+FFFD.
    /// </summary>
    public string Decode(ReadOnlySpan<int> ids)
    {
        TokenDecoder decoder = CreateDecoder();
        foreach (int id in ids)
            decoder.Add(id);
        return decoder.Flush();
    }

    /// <summary>Creates a decoder for a text that begins here.</summary>
    public TokenDecoder CreateDecoder() => new(_parts.Decoding);

    /// <summary>
    /// Creates a decoder for a text that continues <paramref name="preceding"/>, usually the prompt. Its output can be appended
    /// to that text unchanged, leading spaces included.
    /// </summary>
    public TokenDecoder CreateDecoder(ReadOnlySpan<int> preceding)
    {
        TokenDecoder decoder = CreateDecoder();
        foreach (int id in preceding)
            decoder.Add(id);
        decoder.Take();
        return decoder;
    }

    /// <summary>Whether both tokenizers give every id the same piece, so that ids are interchangeable.</summary>
    public bool SameVocabulary(Tokenizer other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return ReferenceEquals(this, other)
            || (VocabularySize == other.VocabularySize && _parts.Vocabulary.Fingerprint.SequenceEqual(other._parts.Vocabulary.Fingerprint));
    }

    private (AddedTokenMatcher? Raw, AddedTokenMatcher? Normalized) Matchers(IEnumerable<AddedToken> tokens)
    {
        // SentencePiece's user-defined pieces are spelled as they appear in normalised text; Hugging Face normalises its own.
        bool spelled = _parts.Normalizer is SentencePieceNormalizer;
        ILookup<bool, AddedToken> by = tokens.ToLookup(token => token.Normalized);
        return (AddedTokenMatcher.Create(by[false].Select(t => (t.Content, t))),
            AddedTokenMatcher.Create(by[true].Select(t => (spelled ? t.Content : _parts.Normalizer.Apply(t.Content), t))));
    }

    private void EncodeStretch(string text, bool atStart, AddedTokenMatcher? normalized, MergeWorkspace work, List<int> ids)
    {
        string normal = _parts.Normalizer.Apply(text);
        var words = new List<string>();
        foreach (AddedTokenMatcher.Stretch stretch in Split(normalized, normal))
        {
            if (stretch.Token is { } token)
            {
                ids.Add(token.Id);
                continue;
            }
            words.Clear();
            _parts.PreTokenizer.Split(normal.Substring(stretch.Start, stretch.Length), atStart && stretch.Start == 0, words);
            foreach (string word in words)
                _parts.Encoder.Encode(word, work, ids);
        }
    }

    private static List<AddedTokenMatcher.Stretch> Split(AddedTokenMatcher? matcher, string text)
    {
        if (matcher is not null)
            return matcher.Split(text);
        return text.Length == 0 ? [] : [new AddedTokenMatcher.Stretch(0, text.Length, null)];
    }

    private static string FileOf(string folderOrFile)
    {
        folderOrFile = ModelFolder.Resolve(folderOrFile);
        if (!Directory.Exists(folderOrFile))
            return File.Exists(folderOrFile) ? folderOrFile : throw new ModelFileException(folderOrFile, "there is no such file or folder");
        foreach (string name in (string[])["tokenizer.json", "tokenizer.model"])
        {
            string file = System.IO.Path.Combine(folderOrFile, name);
            if (File.Exists(file))
                return file;
        }
        throw new ModelFileException(folderOrFile, "has neither tokenizer.json nor tokenizer.model; name a folder that holds one of them");
    }

    private static bool LooksLikeJson(string file, ReadOnlySpan<byte> content)
    {
        if (content.StartsWith("GGUF"u8))
            throw new ModelFileException(file, "is a GGUF file; name the model's tokenizer.json or tokenizer.model");
        // Llama 3's own tokenizer.model has lines of a base64 piece and its rank; the first piece is "!".
        if (content.StartsWith("IQ== 0"u8))
            throw new ModelFileException(file, "is a tiktoken rank file; name the tokenizer.json of the same model");
        if (file.EndsWith(".json", StringComparison.OrdinalIgnoreCase))
            return true;
        ReadOnlySpan<byte> text = content.StartsWith("\uFEFF"u8) ? content[3..] : content;
        text = text.TrimStart(" \t\r\n"u8);
        return text.StartsWith("{"u8);
    }
}

/// <summary>How to treat special tokens (BOS, end of turn, ...) that are written out in a text.</summary>
public enum SpecialTokens
{
    /// <summary>They become their ids, as in trusted templates and prompts.</summary>
    Parse,

    /// <summary>They are plain text.</summary>
    AsText,
}
