namespace Sequoia.Native.Tokenization;

/// <summary>
/// A token that is looked for in the text before any merging. The switches mean what they mean in a Hugging Face
/// tokenizer.json: <paramref name="Normalized"/> ones are looked for in the normalised text, the others in the raw text.
/// </summary>
internal sealed record AddedToken(
    int Id, string Content, bool SingleWord = false, bool LStrip = false, bool RStrip = false, bool Normalized = false, bool Special = true);
