namespace Sequoia.SoftwareGpu.Ptx;

internal enum TokenKind : byte
{
    End,

    /// <summary>A name, directive or opcode with all its modifiers, such as <c>ld.global.nc.v4.f32</c>.</summary>
    Word,
    Integer,
    Float,
    String,
    Symbol,
}

/// <summary>One token. <see cref="Bits"/> is the integer, or the bits of a double for a float literal.</summary>
internal readonly record struct Token(TokenKind Kind, string Text, ulong Bits, int Line, int Start, int End)
{
    public bool Is(char symbol) => Kind == TokenKind.Symbol && Text[0] == symbol;

    public bool Is(string word) => Kind == TokenKind.Word && Text == word;
}
