using Sequoia.Native.Models;

namespace Sequoia.Native.Tokenization;

/// <summary>Cuts normalised text into words, across whose borders nothing merges. Immutable.</summary>
internal abstract class PreTokenizer
{
    /// <summary>Adds the words of <paramref name="text"/>; <paramref name="atStart"/> says that it begins the whole input.</summary>
    public abstract void Split(string text, bool atStart, List<string> words);

    public static PreTokenizer Whole { get; } = new Chain([]);

    /// <summary>The one that tokenizer.json describes; unknown kinds are refused by name.</summary>
    public static PreTokenizer FromJson(JsonSection? section) => section is null ? Whole : Create(section);

    private static PreTokenizer Create(JsonSection section) => section.Kind switch
    {
        "Sequence" => new Chain([.. section.Sections("pretokenizers").Select(Create)]),
        "Split" => SplitPreTokenizer.Create(section),
        "ByteLevel" => ByteLevelPreTokenizer.Create(section),
        "Metaspace" => MetaspacePreTokenizer.Create(section),
        _ => throw section.Unsupported("Sequence, Split, ByteLevel, Metaspace"),
    };

    private sealed class Chain(PreTokenizer[] steps) : PreTokenizer
    {
        public override void Split(string text, bool atStart, List<string> words)
        {
            List<string> current = [text];
            foreach (PreTokenizer step in steps)
            {
                var cut = new List<string>();
                for (int i = 0; i < current.Count; i++)
                    step.Split(current[i], atStart && i == 0, cut);
                current = cut;
            }
            words.AddRange(current);
        }
    }
}
