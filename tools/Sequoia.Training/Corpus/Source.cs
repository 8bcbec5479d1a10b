namespace Sequoia.Training.Corpus;

/// <summary>One text file of the corpus and how it is used.</summary>
/// <param name="Name">The file's name without <c>.txt</c>.</param>
/// <param name="Share">Its share of the tokens sampled in training.</param>
/// <param name="TokenizerWeight">How often each of its words counts when the pieces are chosen.</param>
/// <param name="IsBooks">Few, huge documents: held out by block instead of by document.</param>
/// <param name="TrainingOnly">Nothing of it is held out.</param>
internal sealed record Source(string Name, double Share, int TokenizerWeight, bool IsBooks = false, bool TrainingOnly = false)
{
    /// <summary>
    /// 71 % of what is sampled is short stories and fables, so that the small target gets good at one thing;
    /// the rest widens its vocabulary and keeps it from learning the stories by heart: all of them together are two million tokens.
    /// </summary>
    public static IReadOnlyList<Source> All { get; } =
    [
        new("tinystories", 0.21, 8),
        new("tinystories-train-noboundaries", 0.14, 8, TrainingOnly: true),
        new("tinyfabulist", 0.35, 8),
        new("aesop", 0.01, 8),
        new("fairytaleqa", 0.09, 1),
        new("andersen", 0.06, 1),
        new("gitenberg-fairy", 0.07, 1, IsBooks: true),
        new("classic-children", 0.07, 1, IsBooks: true),
    ];
}
