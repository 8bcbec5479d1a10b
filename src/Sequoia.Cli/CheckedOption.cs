using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;

namespace Sequoia.Cli;

/// <summary>Options whose values are checked while parsing, with complaints that say what would be right.</summary>
internal static class CheckedOption
{
    /// <summary>A number from <paramref name="least"/> to <paramref name="most"/>; null where the option is not given.</summary>
    public static Option<T?> Number<T>(string name, string description, T least, T most) where T : struct, INumber<T> => new(name)
    {
        Description = description,
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            // INumber's comparisons are false for NaN.
            if (T.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out T value) && value >= least && value <= most)
                return value;
            string kind = T.IsInteger(T.One / (T.One + T.One)) ? "a whole number" : "a number";
            result.AddError(string.Create(CultureInfo.InvariantCulture, $"{name} {text}: must be {kind} from {least} to {most}"));
            return null;
        },
    };

    /// <summary>An option with any text for a value.</summary>
    public static Option<string?> Text(string name, string description, string valueName) =>
        new(name) { Description = description, HelpName = valueName };

    /// <summary>
    /// The complaint about a mistyped option, or null: the parser would take it for the value of a positional argument.
    /// Text that begins with a dash goes behind --.
    /// </summary>
    public static string? Mistyped(ParseResult parsed)
    {
        if (parsed.Tokens.Any(token => token.Type == TokenType.DoubleDash))
            return null;
        IEnumerable<string> values = parsed.CommandResult.Command.Arguments
            .SelectMany(argument => parsed.GetResult(argument)?.Tokens ?? []).Select(token => token.Value).Concat(parsed.UnmatchedTokens);
        string? option = values.FirstOrDefault(value => value.Length > 1 && value[0] == '-' && (char.IsLetter(value[1]) || value[1] == '-'));
        return option is null ? null : $"{option}: is no option of this command; --help lists them (text that begins with a dash goes behind --)";
    }
}
