using Sequoia.Training.Corpus;
using Sequoia.Training.Tokenization;

namespace Sequoia.Training.Distillation;

/// <summary>How told texts begin: half of them freely, half like a training document of the kinds the pair is meant for.</summary>
internal static class Openings
{
    public const int Longest = 24;
    private const int Shortest = 4;

    private static readonly string[] Sources = ["tinystories", "tinystories-train-noboundaries", "tinyfabulist", "aesop"];

    /// <summary>One opening a row, its start token included.</summary>
    public static long[][] Draw(TokenStore store, int rows, ulong seed)
    {
        ReadOnlyMemory<ushort>[] documents =
            [.. Sources.SelectMany(s => store.Documents(s, heldOut: false)).Where(d => d.Length > Longest)];
        var openings = new long[rows][];
        for (int row = 0; row < rows; row++)
        {
            ulong number = SplitMix64.Hash(seed, (ulong)row);
            int length = Shortest + (int)(number / 2 % (Longest - Shortest + 1));
            ReadOnlyMemory<ushort> document = documents[(int)(SplitMix64.Hash(seed + 1, (ulong)row) % (ulong)documents.Length)];
            openings[row] = number % 2 == 0 ? [Vocabulary.Start] : [.. document[..length].ToArray().Select(id => (long)id)];
        }

        return openings;
    }
}
