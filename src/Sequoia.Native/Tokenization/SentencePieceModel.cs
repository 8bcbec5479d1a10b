using System.Text;
using System.Text.Unicode;

namespace Sequoia.Native.Tokenization;

/// <summary>The content of a SentencePiece tokenizer.model. Unsupported features are rejected by name.</summary>
internal sealed class SentencePieceModel
{
    /// <summary>The trainer's default is 16; longer pieces only make building the merges slow.</summary>
    private const int MaxPieceLength = 256;

    private readonly string _file;

    private SentencePieceModel(string file) => _file = file;

    public enum PieceKind
    {
        Normal = 1,
        Unknown = 2,
        Control = 3,
        UserDefined = 4,
        Unused = 5,
        Byte = 6,
    }

    public readonly record struct Piece(string Text, float Score, PieceKind Kind);

    public List<Piece> Pieces { get; } = [];

    public bool ByteFallback { get; private set; }

    // The defaults of the protobuf schema; a trainer omits fields that it did not set.
    public bool AddDummyPrefix { get; private set; } = true;

    public bool RemoveExtraWhitespaces { get; private set; } = true;

    public int BosId { get; private set; } = 1;

    public int EosId { get; private set; } = 2;

    public static SentencePieceModel Parse(string file, ReadOnlySpan<byte> bytes)
    {
        var model = new SentencePieceModel(file);
        var reader = new ProtobufReader(file, bytes);
        long kind = 1;
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    model.AddPiece(reader.Bytes());
                    break;
                case 2:
                    kind = model.ReadTrainer(reader.Bytes());
                    break;
                case 3:
                    model.ReadNormalizer(reader.Bytes());
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }
        if (model.Pieces.Count == 0)
            throw new ModelFileException(file, "holds no pieces; it is not a SentencePiece model");
        if (kind != 2)
            throw model.Problem("model_type", $"{KindName(kind)} is not supported (known: BPE)");
        return model;
    }

    public ModelFileException Problem(string key, string problem) => new(_file, $"{key}: {problem}");

    private void AddPiece(ReadOnlySpan<byte> message)
    {
        int index = Pieces.Count;
        ReadOnlySpan<byte> text = default;
        float score = 0;
        long kind = 1;
        var reader = new ProtobufReader(_file, message);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    text = reader.Bytes();
                    break;
                case 2:
                    score = reader.Float();
                    break;
                case 3:
                    kind = reader.Integer();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }
        string key = $"pieces[{index}]";
        if (index >= Vocabulary.MaxSize)
            throw Problem(key, "there are too many pieces");
        if (text.IsEmpty || !Utf8.IsValid(text))
            throw Problem(key, "is empty or not valid UTF-8");
        if (text.Length > MaxPieceLength)
            throw Problem(key, $"has {text.Length} bytes; at most {MaxPieceLength} are supported");
        if (!float.IsFinite(score))
            throw Problem(key, "its score is not finite");
        if (kind == (long)PieceKind.Unused || kind is < 1 or > 6)
            throw Problem(key, $"its type {(kind == 5 ? "UNUSED" : kind)} is not supported");
        Pieces.Add(new Piece(Encoding.UTF8.GetString(text), score, (PieceKind)kind));
    }

    private long ReadTrainer(ReadOnlySpan<byte> message)
    {
        long kind = 1;
        var reader = new ProtobufReader(_file, message);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 3:
                    kind = reader.Integer();
                    break;
                case 24 when reader.Flag():
                    throw Problem("treat_whitespace_as_suffix", "true is not supported");
                case 24:
                    break;
                case 35:
                    ByteFallback = reader.Flag();
                    break;
                case 41:
                    BosId = (int)reader.Integer();
                    break;
                case 42:
                    EosId = (int)reader.Integer();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }
        return kind;
    }

    private void ReadNormalizer(ReadOnlySpan<byte> message)
    {
        string name = "";
        bool mapsCharacters = false;
        var reader = new ProtobufReader(_file, message);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    name = Encoding.UTF8.GetString(reader.Bytes());
                    break;
                case 2:
                    mapsCharacters = !reader.Bytes().IsEmpty;
                    break;
                case 3:
                    AddDummyPrefix = reader.Flag();
                    break;
                case 4:
                    RemoveExtraWhitespaces = reader.Flag();
                    break;
                case 5 when !reader.Flag():
                    throw Problem("escape_whitespaces", "false is not supported");
                case 5:
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }
        if (mapsCharacters)
            throw Problem("normalizer_spec.precompiled_charsmap", $"normalizer \"{Vocabulary.Show(name)}\" is not supported (known: identity)");
    }

    private static string KindName(long kind) => kind switch
    {
        1 => "UNIGRAM",
        3 => "WORD",
        4 => "CHAR",
        _ => $"kind {kind}",
    };
}
