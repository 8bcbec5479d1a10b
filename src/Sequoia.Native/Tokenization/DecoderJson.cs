using System.Globalization;
using System.Text;
using Sequoia.Native.Models;

namespace Sequoia.Native.Tokenization;

/// <summary>Reads the decoder section of tokenizer.json; unknown kinds are rejected by name.</summary>
internal sealed class DecoderJson
{
    private const string Known = "Sequence, Replace, ByteFallback, Fuse, Strip, Metaspace, ByteLevel";
    private readonly List<(string What, string With)> _replacements = [];
    private bool _byteLevel;
    private bool _byteFallback;
    private bool _fused;
    private int _leadingSpacesDropped;
    private char? _droppedInFirst;

    public static DecodingTable Read(JsonSection root, Vocabulary vocabulary, IReadOnlySet<int> special)
    {
        JsonSection decoder = root.Section("decoder") ?? throw root.Problem("decoder", $"is missing (known: {Known})");
        var json = new DecoderJson();
        json.Add(decoder);
        return json.Build(vocabulary, special);
    }

    private void Add(JsonSection step)
    {
        switch (step.Kind)
        {
            case "Sequence":
                step.Sections("decoders").ForEach(Add);
                break;
            case "ByteLevel":
                _byteLevel = true;
                break;
            case "ByteFallback":
                _byteFallback = true;
                break;
            case "Fuse":
                _fused = true;
                break;
            case "Metaspace":
                char replacement = MetaspacePreTokenizer.Replacement(step);
                _replacements.Add((replacement.ToString(), " "));
                if (MetaspacePreTokenizer.Scheme(step) != "never")
                    _droppedInFirst = replacement;
                break;
            case "Replace" when !_fused:
                JsonSection pattern = step.RequiredSection("pattern");
                if (pattern.Has("Regex"))
                    throw pattern.Problem("Regex", "is not supported in a decoder; use a String pattern");
                string what = pattern.Text("String");
                if (what.Length == 0)
                    throw pattern.Problem("String", "must not be empty");
                _replacements.Add((what, step.Text("content")));
                break;
            case "Strip" when _fused:
                if (step.Text("content") != " ")
                    throw step.Problem("content", "is not supported (known: one space)");
                if (step.Int("stop") != 0)
                    throw step.Problem("stop", "is not supported (known: 0)");
                _leadingSpacesDropped += Math.Max(0, step.Int("start"));
                break;
            case "Replace" or "Strip":
                throw step.Problem("type", $"\"{step.Kind}\" is only supported {(_fused ? "before" : "after")} Fuse");
            default:
                throw step.Unsupported(Known);
        }
    }

    private DecodingTable Build(Vocabulary vocabulary, IReadOnlySet<int> special) => new(vocabulary.Size, id =>
    {
        if (vocabulary[id] is not { } piece || special.Contains(id))
            return null;
        if (_byteLevel)
            return ByteLevelAlphabet.Unspell(piece);
        return _byteFallback && TryParseByte(piece, out byte value) ? [value] : Replaced(piece);
    })
    {
        LeadingSpacesDropped = _leadingSpacesDropped,
        ReplacesEachByte = !_byteLevel,
        FirstBytes = _droppedInFirst is { } dropped
            ? id => _byteFallback && TryParseByte(vocabulary[id]!, out byte value)
                ? [value]
                : Replaced(vocabulary[id]!.Replace(dropped.ToString(), "", StringComparison.Ordinal))
            : null,
    };

    private byte[] Replaced(string piece)
    {
        foreach ((string what, string with) in _replacements)
            piece = piece.Replace(what, with, StringComparison.Ordinal);
        return Encoding.UTF8.GetBytes(piece);
    }

    /// <summary>Byte pieces are spelled &lt;0x00&gt; to &lt;0xFF&gt;.</summary>
    public static bool TryParseByte(string piece, out byte value)
    {
        value = 0;
        return piece.Length == 6 && piece.StartsWith("<0x", StringComparison.Ordinal) && piece[5] == '>'
            && byte.TryParse(piece.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
    }
}
