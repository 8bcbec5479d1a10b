using Sequoia.Native.Models;

namespace Sequoia.Native.Tokenization;

/// <summary>The ids that begin and end a text: from tokenizer_config.json next to the tokenizer, otherwise by the usual names.</summary>
internal static class SpecialIds
{
    private static readonly string[] UsualBos = ["<s>", "<|begin_of_text|>", "<|startoftext|>", "<|endoftext|>"];
    private static readonly string[] UsualEos = ["</s>", "<|end_of_text|>", "<|endoftext|>"];

    public static (int? Bos, int? Eos) Find(string folder, Vocabulary vocabulary)
    {
        string file = System.IO.Path.Combine(folder, "tokenizer_config.json");
        if (!System.IO.Path.Exists(file))
            return (First(UsualBos, vocabulary), First(UsualEos, vocabulary));
        JsonSection root = JsonSection.Read(file);
        return (Named(root, "bos_token", UsualBos, vocabulary), Named(root, "eos_token", UsualEos, vocabulary));
    }

    private static int? Named(JsonSection root, string key, string[] usual, Vocabulary vocabulary)
    {
        if (!root.Has(key))
            return First(usual, vocabulary);
        string? name = root.IsObject(key) ? root.RequiredSection(key).Text("content") : root.OptionalText(key);
        // A name that the vocabulary lacks is common in converted models and harmless: the token then does not exist.
        return name is null ? null : vocabulary.IdOf(name);
    }

    private static int? First(string[] names, Vocabulary vocabulary) =>
        names.Select(vocabulary.IdOf).FirstOrDefault(id => id is not null);
}
