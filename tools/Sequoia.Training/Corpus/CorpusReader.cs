using System.Text;
using System.Text.RegularExpressions;

namespace Sequoia.Training.Corpus;

/// <summary>Reads a source's file as cleaned documents, each marked as training or held-out text.</summary>
internal static partial class CorpusReader
{
    private const string Separator = "<|endoftext|>";
    private const int BlockLength = 4096;

    public static IEnumerable<Document> Read(string folder, Source source)
    {
        string path = Path.Combine(folder, source.Name + ".txt");
        if (!File.Exists(path)) throw new UsageException($"The corpus file {path} is missing.");
        string text = File.ReadAllText(path);
        string[] parts = source.TrainingOnly ? StoryStart().Split(text) : text.Split(Separator);
        foreach (string part in parts)
        {
            string clean = TextCleaner.Clean(part);
            if (clean.Length == 0) continue;
            if (!source.IsBooks)
            {
                yield return new Document(clean, !source.TrainingOnly && IsHeldOut(clean));
                continue;
            }

            foreach (Document run in Runs(clean)) yield return run;
        }
    }

    /// <summary>One text in fifty, decided by the text alone: neither order nor other documents matter.</summary>
    internal static bool IsHeldOut(string text)
    {
        ulong hash = 14695981039346656037; // FNV-1a
        foreach (byte b in Encoding.UTF8.GetBytes(text)) hash = (hash ^ b) * 1099511628211;
        return hash % 50 == 0;
    }

    // A book becomes stretches of neighbouring blocks with the same fate.
    private static IEnumerable<Document> Runs(string book)
    {
        int runStart = 0;
        bool runHeldOut = false;
        int at = 0;
        while (at < book.Length)
        {
            int end = Math.Min(at + BlockLength, book.Length);
            if (end < book.Length)
            {
                int line = book.IndexOf('\n', end);
                end = line < 0 ? book.Length : line + 1;
            }

            bool heldOut = IsHeldOut(book[at..end]);
            if (at > runStart && heldOut != runHeldOut)
            {
                yield return new Document(book[runStart..at], runHeldOut, HasStart: runStart == 0, HasEnd: false);
                runStart = at;
            }

            runHeldOut = heldOut;
            at = end;
        }

        yield return new Document(book[runStart..], runHeldOut, HasStart: runStart == 0);
    }

    // The file without boundaries holds whole stories one after the other; these openings begin one.
    [GeneratedRegex(@"\n(?=Once upon a time|Once there|There once|One day, (?:a|an|there|two|three|Lily|Tim|Tom) )")]
    private static partial Regex StoryStart();
}
