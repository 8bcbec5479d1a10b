using System.Globalization;

namespace Sequoia.SoftwareGpu.Ptx;

/// <summary>Splits PTX text into tokens.</summary>
internal sealed class Lexer(string text)
{
    private int _position;
    private int _line = 1;

    public Token Next()
    {
        SkipSpace();
        int start = _position;
        if (start >= text.Length)
            return new Token(TokenKind.End, "end of text", 0, _line, start, start);
        char c = text[start];
        if (IsWordStart(c))
            return Word(start);
        if (char.IsAsciiDigit(c))
            return Number(start);
        if (c == '"')
            return Quoted(start);
        if ("[]{}()<>,;:|!+-=@*/&~^%".Contains(c))
        {
            _position++;
            return new Token(TokenKind.Symbol, c.ToString(), 0, _line, start, _position);
        }

        throw new PtxException(_line, $"unexpected character '{c}'.");
    }

    private static bool IsWordStart(char c) => char.IsAsciiLetter(c) || c is '_' or '$' or '.' or '%';

    private static bool IsWordPart(char c) => char.IsAsciiLetterOrDigit(c) || c is '_' or '$' or '.' or '%';

    private void SkipSpace()
    {
        while (_position < text.Length)
        {
            char c = text[_position];
            if (c == '\n')
            {
                _line++;
                _position++;
            }
            else if (char.IsWhiteSpace(c) || c == '\0')
            {
                _position++;
            }
            else if (c == '/' && Peek(1) == '/')
            {
                while (_position < text.Length && text[_position] != '\n')
                    _position++;
            }
            else if (c == '/' && Peek(1) == '*')
            {
                SkipBlockComment();
            }
            else
            {
                return;
            }
        }
    }

    private void SkipBlockComment()
    {
        int first = _line;
        int end = text.IndexOf("*/", _position + 2, StringComparison.Ordinal);
        if (end < 0)
            throw new PtxException(first, "a comment is not closed.");
        _line += text.AsSpan(_position, end - _position).Count('\n');
        _position = end + 2;
    }

    private char Peek(int ahead) => _position + ahead < text.Length ? text[_position + ahead] : '\0';

    private Token Word(int start)
    {
        _position++;
        while (_position < text.Length)
        {
            if (IsWordPart(text[_position]))
                _position++;
            else if (text[_position] == ':' && Peek(1) == ':')
                _position += 2;
            else
                break;
        }

        return new Token(TokenKind.Word, text[start.._position], 0, _line, start, _position);
    }

    private Token Quoted(int start)
    {
        int end = start + 1;
        while (end < text.Length && text[end] != '"' && text[end] != '\n')
            end++;
        if (end >= text.Length || text[end] != '"')
            throw new PtxException(_line, "a string is not closed.");
        _position = end + 1;
        return new Token(TokenKind.String, text[(start + 1)..end], 0, _line, start, _position);
    }

    private Token Number(int start)
    {
        while (_position < text.Length && (char.IsAsciiLetterOrDigit(text[_position]) || text[_position] == '.'
            || (text[_position] is '+' or '-' && IsDecimalExponent(start))))
            _position++;
        string word = text[start.._position];
        if (TryParse(word, out ulong bits, out bool isFloat))
            return new Token(isFloat ? TokenKind.Float : TokenKind.Integer, word, bits, _line, start, _position);
        throw new PtxException(_line, $"'{word}' is not a number.");
    }

    private bool IsDecimalExponent(int start) => text[_position - 1] is 'e' or 'E'
        && !(text[start] == '0' && start + 1 < text.Length && text[start + 1] is 'x' or 'X' or 'f' or 'F' or 'd' or 'D');

    private static bool TryParse(string word, out ulong bits, out bool isFloat)
    {
        isFloat = false;
        if (word.Length == 10 && word[0] == '0' && word[1] is 'f' or 'F')
        {
            isFloat = true;
            bool ok = uint.TryParse(word.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint single);

            // NaN payloads must be preserved: the single's bits are kept and marked by the text.
            bits = single;
            return ok;
        }

        if (word.Length == 18 && word[0] == '0' && word[1] is 'd' or 'D')
        {
            isFloat = true;
            return ulong.TryParse(word.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out bits);
        }

        if (word.Contains('.') || (word.Contains('e') && !word.StartsWith("0x", StringComparison.OrdinalIgnoreCase)))
        {
            isFloat = true;
            bool ok = double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out double value);
            bits = BitConverter.DoubleToUInt64Bits(value);
            return ok;
        }

        return TryParseInteger(word.TrimEnd('U', 'u'), out bits);
    }

    private static bool TryParseInteger(string word, out ulong bits)
    {
        if (word.StartsWith("0x", StringComparison.OrdinalIgnoreCase))
            return ulong.TryParse(word.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out bits);
        if (word.StartsWith("0b", StringComparison.OrdinalIgnoreCase))
            return ulong.TryParse(word.AsSpan(2), NumberStyles.AllowBinarySpecifier, CultureInfo.InvariantCulture, out bits);
        if (word.Length > 1 && word[0] == '0')
        {
            bits = 0;
            foreach (char c in word.AsSpan(1))
            {
                if (c is < '0' or > '7')
                    return false;
                bits = (bits << 3) | (uint)(c - '0');
            }

            return true;
        }

        return ulong.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out bits);
    }
}
