namespace Sequoia.Training.Corpus;

/// <summary>A stretch of text, and whether it begins and ends where its author began and ended.</summary>
internal readonly record struct Document(string Text, bool IsHeldOut, bool HasStart = true, bool HasEnd = true);
