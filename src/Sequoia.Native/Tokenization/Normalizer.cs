using Sequoia.Native.Models;

namespace Sequoia.Native.Tokenization;

/// <summary>Rewrites a piece of text before it is split into words. Immutable.</summary>
internal abstract class Normalizer
{
    public abstract string Apply(string text);

    public static Normalizer Identity { get; } = new Chain([]);

    /// <summary>The normalizer that tokenizer.json describes; unknown kinds are rejected by name.</summary>
    public static Normalizer FromJson(JsonSection? section) => section is null ? Identity : Create(section);

    private static Normalizer Create(JsonSection section)
    {
        switch (section.Kind)
        {
            case "Sequence":
                return new Chain([.. section.Sections("normalizers").Select(Create)]);
            case "Prepend":
                return new Prepend(section.Text("prepend"));
            case "Replace":
                JsonSection pattern = section.RequiredSection("pattern");
                if (pattern.Has("Regex"))
                    throw pattern.Problem("Regex", "is not supported in a normalizer; use a String pattern");
                string what = pattern.Text("String");
                if (what.Length == 0)
                    throw pattern.Problem("String", "must not be empty");
                return new Replace(what, section.Text("content"));
            default:
                throw section.Unsupported("Sequence, Prepend, Replace");
        }
    }

    private sealed class Chain(Normalizer[] steps) : Normalizer
    {
        public override string Apply(string text)
        {
            foreach (Normalizer step in steps)
                text = step.Apply(text);
            return text;
        }
    }

    private sealed class Prepend(string prefix) : Normalizer
    {
        public override string Apply(string text) => text.Length == 0 ? text : prefix + text;
    }

    private sealed class Replace(string pattern, string content) : Normalizer
    {
        public override string Apply(string text) => text.Replace(pattern, content, StringComparison.Ordinal);
    }
}
