using System.Runtime.InteropServices;

namespace Sequoia.Training.Tokenization;

/// <summary>Chooses the merges of a byte-pair encoding: always the pair that is most frequent now.</summary>
internal sealed class BpeTrainer
{
    private readonly List<string> _symbols = [];
    private readonly Dictionary<string, int> _ids = [];
    private readonly List<Word> _words = [];
    private readonly Dictionary<(int, int), long> _counts = [];
    private readonly Dictionary<(int, int), HashSet<int>> _wordsWith = [];
    private readonly PriorityQueue<(int Left, int Right, long Count), (long, int, int)> _queue = new();

    /// <summary>
    /// Returns, in rank order, the merges that make <paramref name="pieceCount"/> new pieces. Characters outside
    /// <paramref name="alphabet"/> break a word: they are encoded as bytes and take part in no merge.
    /// </summary>
    public static List<(string Left, string Right)> Train(
        IReadOnlyDictionary<string, long> wordCounts, IReadOnlySet<char> alphabet, int pieceCount)
    {
        var trainer = new BpeTrainer();
        // Sorted, so that the same text gives the same file whatever the dictionary's order.
        foreach ((string word, long count) in wordCounts.OrderBy(w => w.Key, StringComparer.Ordinal))
            trainer.AddWord(word, count, alphabet);
        foreach (((int left, int right), long count) in trainer._counts) trainer.Enqueue(left, right, count);

        var merges = new List<(string, string)>();
        var made = new HashSet<string>();
        while (made.Count < pieceCount && trainer._queue.TryDequeue(out var best, out _))
        {
            if (trainer._counts.GetValueOrDefault((best.Left, best.Right)) != best.Count) continue; // an outdated entry
            string left = trainer._symbols[best.Left], right = trainer._symbols[best.Right];
            trainer.Merge(best.Left, best.Right);
            // Two merges may make the same piece ("a"+"bc", "ab"+"c"): both are merges, it is one piece.
            merges.Add((left, right));
            made.Add(left + right);
        }

        return merges;
    }

    private int Symbol(string text)
    {
        ref int id = ref CollectionsMarshal.GetValueRefOrAddDefault(_ids, text, out bool known);
        if (known) return id;
        id = _symbols.Count;
        _symbols.Add(text);
        return id;
    }

    private void AddWord(string text, long count, IReadOnlySet<char> alphabet)
    {
        var symbols = new List<int>();
        foreach (char c in text)
        {
            if (alphabet.Contains(c))
            {
                symbols.Add(Symbol(c.ToString()));
                continue;
            }

            Flush();
        }

        Flush();

        void Flush()
        {
            if (symbols.Count > 1)
            {
                _words.Add(new Word([.. symbols], count));
                Count(_words.Count - 1, +1);
            }

            symbols.Clear();
        }
    }

    private void Count(int index, int sign)
    {
        Word word = _words[index];
        for (int i = 1; i < word.Symbols.Length; i++)
        {
            (int, int) pair = (word.Symbols[i - 1], word.Symbols[i]);
            CollectionsMarshal.GetValueRefOrAddDefault(_counts, pair, out _) += sign * word.Count;
            if (sign < 0) continue;
            ref HashSet<int>? words = ref CollectionsMarshal.GetValueRefOrAddDefault(_wordsWith, pair, out _);
            (words ??= []).Add(index);
        }
    }

    private void Enqueue(int left, int right, long count)
    {
        if (count > 0) _queue.Enqueue((left, right, count), (-count, left, right));
    }

    private void Merge(int left, int right)
    {
        int merged = Symbol(_symbols[left] + _symbols[right]);
        var touched = new HashSet<(int, int)>();
        if (!_wordsWith.Remove((left, right), out HashSet<int>? words)) return;
        foreach (int index in words)
        {
            int[] old = _words[index].Symbols;
            Count(index, -1);
            for (int i = 1; i < old.Length; i++) touched.Add((old[i - 1], old[i]));
            _words[index] = _words[index] with { Symbols = Replace(old, left, right, merged) };
            Count(index, +1);
            int[] now = _words[index].Symbols;
            for (int i = 1; i < now.Length; i++) touched.Add((now[i - 1], now[i]));
        }

        foreach ((int a, int b) in touched) Enqueue(a, b, _counts[(a, b)]);
    }

    private static int[] Replace(int[] symbols, int left, int right, int merged)
    {
        var result = new List<int>(symbols.Length);
        for (int i = 0; i < symbols.Length; i++)
        {
            bool match = symbols[i] == left && i + 1 < symbols.Length && symbols[i + 1] == right;
            result.Add(match ? merged : symbols[i]);
            if (match) i++;
        }

        return [.. result];
    }

    private sealed record Word(int[] Symbols, long Count);
}
