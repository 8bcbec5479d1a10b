namespace Sequoia.SoftwareGpu.Ptx;

/// <summary>A lexer with one token of lookahead and the common expectations.</summary>
internal sealed class TokenReader
{
    private readonly Lexer _lexer;
    private readonly string _text;

    public TokenReader(string text)
    {
        _text = text;
        _lexer = new Lexer(text);
        Current = _lexer.Next();
    }

    public Token Current { get; private set; }

    public int Line => Current.Line;

    /// <summary>The maximum nesting depth of braces, brackets and lists, because the parser is recursive.</summary>
    private const int DeepestNesting = 100;

    private int _depth;

    public void Enter()
    {
        if (++_depth > DeepestNesting)
            throw new PtxException(Line, $"braces nest deeper than {DeepestNesting}.");
    }

    public void Leave() => _depth--;

    public string Slice(int start, int end) => _text[start..end];

    public Token Take()
    {
        Token token = Current;
        Current = _lexer.Next();
        return token;
    }

    public bool TryTake(char symbol)
    {
        if (!Current.Is(symbol))
            return false;
        Take();
        return true;
    }

    public bool TryTake(string word)
    {
        if (!Current.Is(word))
            return false;
        Take();
        return true;
    }

    public Token Expect(char symbol) =>
        Current.Is(symbol) ? Take() : throw Unexpected($"'{symbol}'");

    public string ExpectWord(string what) =>
        Current.Kind == TokenKind.Word ? Take().Text : throw Unexpected(what);

    public string ExpectString() =>
        Current.Kind == TokenKind.String ? Take().Text : throw Unexpected("a string");

    public int ExpectInteger(string what)
    {
        if (Current.Kind != TokenKind.Integer || Current.Bits > int.MaxValue)
            throw Unexpected(what);
        return (int)Take().Bits;
    }

    public PtxException Unexpected(string wanted) =>
        new(Current.Line, $"expected {wanted}, found '{Current.Text}'.");
}
