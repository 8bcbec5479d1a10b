using System.Text;

namespace Sequoia.Training.Tokenization;

/// <summary>Encodes and decodes text with a <see cref="Vocabulary"/>, word by word with a cache.</summary>
internal sealed class BpeEncoder
{
    private readonly Vocabulary _vocabulary;
    private readonly Dictionary<(string, string), int> _ranks = [];
    private readonly Dictionary<string, int[]> _cache = [];

    public BpeEncoder(Vocabulary vocabulary)
    {
        _vocabulary = vocabulary;
        for (int rank = 0; rank < vocabulary.Merges.Count; rank++) _ranks.TryAdd(vocabulary.Merges[rank], rank);
    }

    /// <summary>The ids of <paramref name="text"/> with neither start nor end.</summary>
    public List<int> Encode(string text)
    {
        var ids = new List<int>(text.Length / 3);
        foreach (string word in WordSplitter.Split(WordSplitter.Normalize(text)))
        {
            if (!_cache.TryGetValue(word, out int[]? cached)) _cache[word] = cached = [.. EncodeWord(word)];
            ids.AddRange(cached);
        }

        return ids;
    }

    /// <summary>The text of <paramref name="ids"/>; specials are left out, and so is the space before the first word.</summary>
    public string Decode(IEnumerable<int> ids)
    {
        var bytes = new List<byte>();
        foreach (int id in ids)
        {
            if (id < Vocabulary.FirstByte) continue;
            if (id < Vocabulary.FirstPiece) bytes.Add((byte)(id - Vocabulary.FirstByte));
            else bytes.AddRange(Encoding.UTF8.GetBytes(_vocabulary.Pieces[id]));
        }

        string text = Encoding.UTF8.GetString([.. bytes]).Replace(WordSplitter.Mark, ' ');
        return text.StartsWith(' ') ? text[1..] : text;
    }

    /// <summary>Merges by rank over any marked text. Quadratic: fit for words, and for checking whole short texts.</summary>
    internal IEnumerable<int> EncodeWord(string marked)
    {
        List<string> parts = [.. marked.EnumerateRunes().Select(r => r.ToString())];
        while (true)
        {
            int best = -1, bestRank = int.MaxValue;
            for (int i = 1; i < parts.Count; i++)
            {
                if (!_ranks.TryGetValue((parts[i - 1], parts[i]), out int rank) || rank >= bestRank) continue;
                (best, bestRank) = (i, rank);
            }

            if (best < 0) break;
            parts[best - 1] += parts[best];
            parts.RemoveAt(best);
        }

        foreach (string part in parts)
        {
            int id = _vocabulary.Find(part);
            if (id >= 0)
            {
                yield return id;
                continue;
            }

            foreach (byte b in Encoding.UTF8.GetBytes(part)) yield return Vocabulary.FirstByte + b;
        }
    }
}
