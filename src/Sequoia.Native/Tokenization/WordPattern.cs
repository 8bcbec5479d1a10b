using System.Text.RegularExpressions;

namespace Sequoia.Native.Tokenization;

/// <summary>
/// A regular expression that splits text into words. .NET matches UTF-16 units but tokenizers match characters, so
/// characters beyond U+FFFF are matched by a stand-in of the same Unicode category (<see cref="StandIn"/>).
/// </summary>
internal sealed partial class WordPattern
{
    /// <summary>A pattern from a file may backtrack without end; no valid one takes this long for one match.</summary>
    private const int TimeoutMilliseconds = 2000;

    private readonly Regex _regex;
    private readonly string _file;
    private readonly string _key;

    private WordPattern(Regex regex, string file, string key) => (_regex, _file, _key) = (regex, file, key);

    public static WordPattern Gpt2(string file) => new(Gpt2Words, file, "pre_tokenizer");

    public static WordPattern Create(string pattern, string file, string key)
    {
        if (pattern == Llama3Pattern)
            return new WordPattern(Llama3Words, file, key);
        try
        {
            return new WordPattern(Compile(pattern), file, key);
        }
        catch (ArgumentException e)
        {
            throw new ModelFileException(file, $"{key}: is not a usable regular expression ({e.Message.ReplaceLineEndings(" ")})", e);
        }
    }

    /// <summary>Adds the matches in order and, if requested, the text between them.</summary>
    public void Isolate(string text, bool keepGaps, List<string> words)
    {
        string matched = StandIn.Shadow(text, out int[]? positions);
        int done = 0;
        try
        {
            foreach (ValueMatch match in _regex.EnumerateMatches(matched))
            {
                int start = positions?[match.Index] ?? match.Index;
                int stop = positions?[match.Index + match.Length] ?? match.Index + match.Length;
                if (start > done && keepGaps)
                    words.Add(text[done..start]);
                if (stop > start)
                    words.Add(text[start..stop]);
                done = stop;
            }
        }
        catch (RegexMatchTimeoutException e)
        {
            throw new ModelFileException(_file, $"{_key}: took more than {TimeoutMilliseconds} ms for one match; use a simpler pattern", e);
        }
        if (done < text.Length && keepGaps)
            words.Add(text[done..]);
    }

    private static Regex Compile(string pattern)
    {
        try
        {
            return new Regex(pattern, RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);
        }
        catch (NotSupportedException)
        {
            // Look-arounds, which most byte-level patterns have, need the backtracking engine.
            return new Regex(pattern, RegexOptions.CultureInvariant, TimeSpan.FromMilliseconds(TimeoutMilliseconds));
        }
    }

    private const string Llama3Pattern =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    [GeneratedRegex(Llama3Pattern, RegexOptions.CultureInvariant, TimeoutMilliseconds)]
    private static partial Regex Llama3Words { get; }

    [GeneratedRegex(@"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+", RegexOptions.CultureInvariant, TimeoutMilliseconds)]
    private static partial Regex Gpt2Words { get; }
}
