using System.Text;

namespace Sequoia.Native.Tokenization;

/// <summary>Builds the parts of a tokenizer from a SentencePiece BPE model.</summary>
internal static class SentencePieceTokenizer
{
    public static TokenizerParts Read(string file, ReadOnlySpan<byte> bytes)
    {
        SentencePieceModel model = SentencePieceModel.Parse(file, bytes);
        var ids = new Dictionary<string, int>(model.Pieces.Count, StringComparer.Ordinal);
        for (int id = 0; id < model.Pieces.Count; id++)
        {
            if (!ids.TryAdd(model.Pieces[id].Text, id))
                throw model.Problem($"pieces[{id}]", $"\"{Vocabulary.Show(model.Pieces[id].Text)}\" comes twice");
        }
        Vocabulary vocabulary = Vocabulary.Create(ids, file, "pieces");
        return new TokenizerParts(
            vocabulary,
            AddedTokens(model),
            new SentencePieceNormalizer(model.AddDummyPrefix, model.RemoveExtraWhitespaces),
            PreTokenizer.Whole,
            BuildEncoder(model),
            BuildDecoding(model),
            Control(model, model.BosId),
            Control(model, model.EosId));
    }

    /// <summary>
    /// Control pieces are found in the text as Hugging Face finds them; user-defined ones are never split or merged,
    /// which is what a token found in the normalised text is.
    /// </summary>
    private static List<AddedToken> AddedTokens(SentencePieceModel model)
    {
        var tokens = new List<AddedToken>();
        for (int id = 0; id < model.Pieces.Count; id++)
        {
            SentencePieceModel.Piece piece = model.Pieces[id];
            if (piece.Kind is SentencePieceModel.PieceKind.Control or SentencePieceModel.PieceKind.Unknown)
                tokens.Add(new AddedToken(id, piece.Text));
            else if (piece.Kind == SentencePieceModel.PieceKind.UserDefined)
                tokens.Add(new AddedToken(id, piece.Text, Normalized: true, Special: false));
        }
        return tokens;
    }

    private static BytePairEncoder BuildEncoder(SentencePieceModel model)
    {
        var symbols = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int id = 0; id < model.Pieces.Count; id++)
        {
            if (model.Pieces[id].Kind == SentencePieceModel.PieceKind.Normal)
                symbols.Add(model.Pieces[id].Text, id);
        }
        var loose = new List<string>();
        MergeTable merges = BuildMerges(model, symbols, loose);
        return new BytePairEncoder
        {
            Symbols = symbols,
            Merges = merges,
            ByteIds = model.ByteFallback ? ByteIds(model) : null,
            UnknownId = UnknownId(model),
            FuseUnknown = true,
            FirstLooseSymbol = model.Pieces.Count,
            LooseSymbols = loose,
        };
    }

    /// <summary>
    /// SentencePiece joins the neighbours whose joint piece scores highest, left-most first where scores are equal.
    /// So each way to cut a piece in two is a merge, and equal scores share a rank.
    /// </summary>
    private static MergeTable BuildMerges(SentencePieceModel model, Dictionary<string, int> symbols, List<string> loose)
    {
        float[] scores = [.. symbols.Values.Select(id => model.Pieces[id].Score).Distinct().OrderDescending()];
        Dictionary<float, int> ranks = scores.Select((score, rank) => (score, rank)).ToDictionary(p => p.score, p => p.rank);
        var table = new MergeTable(2 * symbols.Count);
        var lookup = symbols.GetAlternateLookup<ReadOnlySpan<char>>();
        foreach ((string piece, int id) in symbols.ToArray())
        {
            for (int cut = 1; cut < piece.Length; cut++)
            {
                if (char.IsLowSurrogate(piece[cut]))
                    continue;
                if (TryGetSymbol(piece.AsSpan(0, cut), out int left) && TryGetSymbol(piece.AsSpan(cut), out int right))
                    table.Set(left, right, new MergeTable.Merge(ranks[model.Pieces[id].Score], id));
            }
        }
        return table;

        // A character without a piece of its own can still be part of one.
        bool TryGetSymbol(ReadOnlySpan<char> text, out int id)
        {
            if (lookup.TryGetValue(text, out id))
                return true;
            if (text.Length > 2 || (text.Length == 2 && !char.IsHighSurrogate(text[0])))
                return false;
            id = model.Pieces.Count + loose.Count;
            loose.Add(text.ToString());
            symbols.Add(text.ToString(), id);
            return true;
        }
    }

    private static int[] ByteIds(SentencePieceModel model)
    {
        int[] ids = new int[256];
        Array.Fill(ids, -1);
        for (int id = 0; id < model.Pieces.Count; id++)
        {
            if (model.Pieces[id].Kind != SentencePieceModel.PieceKind.Byte)
                continue;
            if (!DecoderJson.TryParseByte(model.Pieces[id].Text, out byte value))
                throw model.Problem($"pieces[{id}]", "is of type BYTE but not spelled <0x00> to <0xFF>");
            ids[value] = id;
        }
        int missing = Array.IndexOf(ids, -1);
        return missing < 0 ? ids : throw model.Problem("byte_fallback", $"needs a piece for every byte, but <0x{missing:X2}> is missing");
    }

    private static int UnknownId(SentencePieceModel model)
    {
        int id = model.Pieces.FindIndex(piece => piece.Kind == SentencePieceModel.PieceKind.Unknown);
        return id >= 0 ? id : throw model.Problem("pieces", "there is none of type UNKNOWN");
    }

    private static int? Control(SentencePieceModel model, int id) =>
        (uint)id < (uint)model.Pieces.Count && model.Pieces[id].Kind == SentencePieceModel.PieceKind.Control ? id : null;

    private static DecodingTable BuildDecoding(SentencePieceModel model) => new(model.Pieces.Count, id =>
    {
        (string text, _, SentencePieceModel.PieceKind kind) = model.Pieces[id];
        return kind switch
        {
            SentencePieceModel.PieceKind.Control or SentencePieceModel.PieceKind.Unknown => null,
            SentencePieceModel.PieceKind.Byte when DecoderJson.TryParseByte(text, out byte value) => [value],
            _ => Encoding.UTF8.GetBytes(text.Replace(SentencePieceNormalizer.Space, ' ')),
        };
    })
    {
        LeadingSpacesDropped = model.RemoveExtraWhitespaces ? int.MaxValue : model.AddDummyPrefix ? 1 : 0,
        ReplacesEachByte = true,
    };
}
