using System.Buffers.Binary;
using System.Text;

namespace Sequoia.Native.Tests.Tokenization;

/// <summary>SentencePiece's own rules, on models of a few pieces.</summary>
public class SentencePieceTests
{
    private const int Normal = 1, Unknown = 2, Control = 3, UserDefined = 4, Unused = 5;

    [Test]
    public void Equal_scores_merge_left_most_first()
    {
        Tokenizer tokenizer = Load(pieces: [("a", 0, Normal), ("aa", -1, Normal)], normalizer: Field(3, 0));
        Assert.That(tokenizer.Encode("aaaaa"), Is.EqualTo((int[])[4, 4, 3]));
    }

    [Test]
    public void The_higher_score_merges_first()
    {
        Tokenizer tokenizer = Load(pieces: [("a", 0, Normal), ("b", 0, Normal), ("c", 0, Normal), ("ab", -2, Normal), ("bc", -1, Normal)], normalizer: Field(3, 0));
        Assert.That(tokenizer.Encode("abc"), Is.EqualTo((int[])[3, 7]));
    }

    [Test]
    public void A_character_without_a_piece_still_joins_one_that_has_it()
    {
        // "q" is no piece, "qu" is: SentencePiece merges strings, not ids. Alone, "q" is unknown, and two are one unknown.
        Tokenizer tokenizer = Load(pieces: [("u", 0, Normal), ("qu", -1, Normal)], normalizer: Field(3, 0));
        Assert.That(tokenizer.Encode("quqqu"), Is.EqualTo((int[])[4, 0, 4]));
        Assert.That(tokenizer.Encode("qqqu"), Is.EqualTo((int[])[0, 4]));
    }

    [Test]
    public void A_user_defined_piece_is_kept_whole()
    {
        Tokenizer tokenizer = Load(pieces: [("a", 0, Normal), ("b", 0, Normal), ("ab", -1, Normal), ("ba", 0, UserDefined)], normalizer: Field(3, 0));
        Assert.That(tokenizer.Encode("aba"), Is.EqualTo((int[])[3, 6]));
        Assert.That(tokenizer.Decode([3, 6]), Is.EqualTo("aba"));
    }

    [Test]
    public void A_kind_that_is_not_bpe_is_refused_by_name() =>
        AssertRefused("UNIGRAM is not supported", () => Load([("a", 0, Normal)], kind: 1));

    [Test]
    public void A_normalizer_with_a_character_map_is_refused_by_name() =>
        AssertRefused("\"nmt_nfkc\" is not supported", () => Load([("a", 0, Normal)], normalizer: [.. Field(1, "nmt_nfkc"u8), .. Field(2, "map"u8)]));

    [Test]
    public void Whitespace_as_suffix_is_refused_by_name() =>
        AssertRefused("treat_whitespace_as_suffix", () => Load([("a", 0, Normal)], trainer: Field(24, 1)));

    [Test]
    public void An_unused_piece_is_refused_by_name() =>
        AssertRefused("UNUSED is not supported", () => Load([("a", 0, Unused)]));

    [Test]
    public void A_piece_that_comes_twice_is_refused() =>
        AssertRefused("pieces[4]: \"a\" comes twice", () => Load([("a", 0, Normal), ("a", -1, Normal)]));

    [Test]
    public void Byte_fallback_without_all_bytes_is_refused() =>
        AssertRefused("<0x00> is missing", () => Load([("a", 0, Normal)], trainer: Field(35, 1)));

    [Test]
    public void A_score_that_is_not_a_number_is_refused() =>
        AssertRefused("score is not finite", () => Load([("a", float.NaN, Normal)]));

    private static void AssertRefused(string message, Func<Tokenizer> load) =>
        Assert.That(load, Throws.TypeOf<ModelFileException>().With.Message.Contain(message));

    private static Tokenizer Load((string Text, float Score, int Kind)[] pieces, long kind = 2, byte[]? trainer = null, byte[]? normalizer = null)
    {
        var model = new List<byte>();
        foreach ((string text, float score, int type) in ((string, float, int)[])[("<unk>", 0, Unknown), ("<s>", 0, Control), ("</s>", 0, Control), .. pieces])
        {
            byte[] bits = new byte[4];
            BinaryPrimitives.WriteSingleLittleEndian(bits, score);
            model.AddRange(Field(1, [.. Field(1, Encoding.UTF8.GetBytes(text)), (2 << 3) | 5, .. bits, .. Field(3, type)]));
        }
        model.AddRange(Field(2, [.. Field(3, kind), .. trainer ?? []]));
        model.AddRange(Field(3, [.. Field(1, "identity"u8), .. normalizer ?? []]));
        using var folder = new TemporaryFolder();
        return Tokenizer.Load(folder.Write("tokenizer.model", [.. model]));
    }

    private static byte[] Field(int field, long value) => [.. Varint((field << 3) | 0), .. Varint(value)];

    private static byte[] Field(int field, ReadOnlySpan<byte> value) => [.. Varint((field << 3) | 2), .. Varint(value.Length), .. value];

    private static List<byte> Varint(long value)
    {
        var bytes = new List<byte>();
        ulong rest = (ulong)value;
        for (; rest >= 0x80; rest >>= 7)
            bytes.Add((byte)(rest | 0x80));
        bytes.Add((byte)rest);
        return bytes;
    }
}
