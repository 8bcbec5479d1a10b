using System.Runtime.InteropServices;
using Sequoia.Training.Corpus;
using Sequoia.Training.Tokenization;

namespace Sequoia.Training;

/// <summary><c>tokenizer</c>: chooses the pieces and encodes the corpus with them.</summary>
internal static class TokenizerCommand
{
    public const int PieceCount = 4096;

    // A character outside ASCII that is rarer than this (weighted) is left to the byte pieces.
    private const long RareCharacter = 1000;

    public static int Run(Arguments arguments)
    {
        string text = arguments.Text("text", "../shared/data/text");
        string folder = arguments.Text("out", "out/training");
        arguments.RejectUnknown();

        var words = new Dictionary<string, long>();
        var characters = new Dictionary<char, long>();
        foreach (Source source in Source.All)
        {
            foreach (Document document in CorpusReader.Read(text, source).Where(d => !d.IsHeldOut))
            {
                foreach (string word in WordSplitter.Split(WordSplitter.Normalize(document.Text)))
                    CollectionsMarshal.GetValueRefOrAddDefault(words, word, out _) += source.TokenizerWeight;
            }
        }

        foreach ((string word, long count) in words)
        {
            foreach (char c in word) CollectionsMarshal.GetValueRefOrAddDefault(characters, c, out _) += count;
        }

        // All of printable ASCII whether seen or not, so that any plain prompt has a piece for every character.
        var alphabet = new SortedSet<char>(Enumerable.Range(33, 94).Select(c => (char)c)) { WordSplitter.Mark };
        alphabet.UnionWith(characters.Where(c => c.Value >= RareCharacter && char.IsLetter(c.Key)).Select(c => c.Key));
        int merged = PieceCount - Vocabulary.FirstPiece - alphabet.Count;
        Console.WriteLine($"{words.Count} words, {alphabet.Count} characters, {merged} pieces to learn");
        var vocabulary = new Vocabulary(BpeTrainer.Train(words, alphabet, merged), alphabet);
        if (vocabulary.Pieces.Count != PieceCount)
            throw new UsageException($"The text is too small: it gives {vocabulary.Pieces.Count} pieces, not {PieceCount}.");
        TokenizerFile.Write(Path.Combine(folder, "tokenizer.json"), vocabulary);
        TokenStore.Build(text, folder, new BpeEncoder(vocabulary), Console.Out);
        return 0;
    }
}
