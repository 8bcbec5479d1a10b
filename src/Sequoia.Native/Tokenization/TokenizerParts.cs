namespace Sequoia.Native.Tokenization;

/// <summary>What every kind of tokenizer file is read into.</summary>
internal sealed record TokenizerParts(
    Vocabulary Vocabulary,
    IReadOnlyList<AddedToken> AddedTokens,
    Normalizer Normalizer,
    PreTokenizer PreTokenizer,
    BytePairEncoder Encoder,
    DecodingTable Decoding,
    int? BosId,
    int? EosId);
