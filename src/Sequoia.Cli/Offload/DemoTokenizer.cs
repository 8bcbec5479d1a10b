using System.Text.Json.Nodes;

namespace Sequoia.Cli.Offload;

/// <summary>
/// The vocabulary of the demonstration models: printable ASCII, and made-up words of three syllables. There are no merges: a prompt becomes
/// single characters, and the models' output consists of words.
/// </summary>
internal static class DemoTokenizer
{
    private const string Unknown = "<unk>", Begin = "<s>", Consonants = "bdfghjklmnprstvwyz", Vowels = "aeiou";
    private const int Syllables = 90, Words = Syllables * Syllables * Syllables;

    /// <summary>The content of tokenizer.json.</summary>
    /// <param name="size">The number of ids.</param>
    public static JsonObject Json(int size) => new()
    {
        ["version"] = "1.0",
        ["added_tokens"] = new JsonArray(),
        ["decoder"] = new JsonObject { ["type"] = "Fuse" },
        ["model"] = new JsonObject
        {
            ["type"] = "BPE",
            ["unk_token"] = Unknown,
            ["vocab"] = new JsonObject(Pieces().Take(size).Select((piece, id) => KeyValuePair.Create(piece, (JsonNode?)id))),
            ["merges"] = new JsonArray(),
        },
    };

    // Every piece is printable, the special ones too. No piece ends a text.
    private static IEnumerable<string> Pieces() => ((string[])[Unknown, Begin])
        .Concat(Enumerable.Range(' ', '~' - ' ' + 1).Select(character => ((char)character).ToString()))
        .Concat(Enumerable.Range(0, Words).Select(Word));

    // All words in an order in which neighbours differ: the factor has no divisor in common with their number.
    private static string Word(int index)
    {
        int word = (int)(index * 271_829L % Words);
        return $" {Syllable(word)}{Syllable(word / Syllables)}{Syllable(word / Syllables / Syllables)}";
    }

    private static string Syllable(int index) => $"{Consonants[index % Syllables / Vowels.Length]}{Vowels[index % Vowels.Length]}";
}
