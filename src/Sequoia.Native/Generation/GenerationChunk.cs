namespace Sequoia.Native;

/// <summary>What one speculation step committed.</summary>
/// <param name="Text">
/// The text that became certain; chunks joined give the whole text. May be empty while a character is still incomplete.
/// </param>
/// <param name="Tokens">The committed token ids, a stop token included.</param>
/// <param name="Stats">Set on the last chunk only.</param>
public sealed record GenerationChunk(string Text, IReadOnlyList<int> Tokens, GenerationStats? Stats = null);
