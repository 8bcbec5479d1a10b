using System.Text;

namespace Sequoia.Native.Tokenization;

/// <summary>SentencePiece's white space rules with the "identity" character map: spaces become U+2581.</summary>
internal sealed class SentencePieceNormalizer(bool addDummyPrefix, bool removeExtraWhitespaces) : Normalizer
{
    public const char Space = '\u2581';

    public override string Apply(string text)
    {
        ReadOnlySpan<char> rest = removeExtraWhitespaces ? text.AsSpan().TrimStart(' ') : text;
        if (rest.IsEmpty)
            return "";

        var normal = new StringBuilder(rest.Length + 1);
        if (addDummyPrefix)
            normal.Append(Space);
        bool afterSpace = removeExtraWhitespaces;
        foreach (char c in rest)
        {
            if (c != ' ')
                normal.Append(c);
            else if (!afterSpace)
                normal.Append(Space);
            afterSpace = removeExtraWhitespaces && c == ' ';
        }
        if (removeExtraWhitespaces)
        {
            while (normal.Length > 0 && normal[^1] == Space)
                normal.Length--;
        }
        return normal.ToString();
    }
}
