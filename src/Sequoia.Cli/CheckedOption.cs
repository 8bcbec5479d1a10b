using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;
using Sequoia.Native.Backends.Streaming;

namespace Sequoia.Cli;

/// <summary>Options whose values are checked while parsing, with errors that state the valid values.</summary>
internal static class CheckedOption
{
    /// <summary>A number from <paramref name="least"/> to <paramref name="most"/>; null if the option is not given.</summary>
    /// <param name="name">The option's name.</param>
    /// <param name="description">For the help text.</param>
    /// <param name="least">The smallest valid number.</param>
    /// <param name="most">The largest valid number.</param>
    /// <param name="problemOf">Any other problem with a number in this range; null if there is none.</param>
    public static Option<T?> Number<T>(string name, string description, T least, T most, Func<T, string?>? problemOf = null) where T : struct, INumber<T> => new(name)
    {
        Description = description,
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            string? problem = TryParse(text, least, most, out T value) ? problemOf?.Invoke(value) : $"must be {Range(least, most)}";
            if (problem is null)
                return value;
            result.AddError($"{name} {text}: {problem}");
            return null;
        },
    };

    /// <summary>
    /// Distinct comma-separated numbers, each from <paramref name="least"/> to <paramref name="most"/>; the result is ascending.
    /// Empty if the option is not given.
    /// </summary>
    public static Option<T[]> Numbers<T>(string name, string description, string valueName, T least, T most, Func<T, string?>? problemOf = null) where T : struct, INumber<T> => new(name)
    {
        Description = description,
        HelpName = valueName,
        Arity = ArgumentArity.ExactlyOne,
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            var numbers = new SortedSet<T>();
            foreach (string part in text.Split(','))
            {
                if (!TryParse(part, least, most, out T value))
                    result.AddError($"{name} {text}: '{part}' must be {Range(least, most)}; commas go between numbers");
                else if (problemOf?.Invoke(value) is { } problem)
                    result.AddError($"{name} {text}: {part} {problem}");
                else if (!numbers.Add(value))
                    result.AddError($"{name} {text}: {part} comes twice; give each once");
                else
                    continue;
                return [];
            }
            return [.. numbers];
        },
    };

    // INumber's comparisons are false for NaN.
    private static bool TryParse<T>(string text, T least, T most, out T value) where T : struct, INumber<T> =>
        T.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value) && value >= least && value <= most;

    private static string Range<T>(T least, T most) where T : struct, INumber<T> => string.Create(
        CultureInfo.InvariantCulture, $"{(T.IsInteger(T.One / (T.One + T.One)) ? "a whole number" : "a number")} from {least} to {most}");

    /// <summary>A number of bytes, as in 8GB; null if the option is not given.</summary>
    public static Option<long?> Size(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "SIZE",
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            if (MemoryBudget.Parse(text) is { } bytes)
                return bytes;
            result.AddError($"{name} {text}: is no size; give one like 8GB, 512MB or 7GiB");
            return null;
        },
    };

    /// <summary>An option whose value is any text.</summary>
    public static Option<string?> Text(string name, string description, string valueName) =>
        new(name) { Description = description, HelpName = valueName };

    /// <summary>An option that names a file or a folder; null if it is not given.</summary>
    public static Option<string?> Path(string name, string description, string valueName) =>
        new(name) { Description = description, HelpName = valueName, CustomParser = result => ParsePath(result, name) };

    /// <summary>The same, but required.</summary>
    public static Option<string> RequiredPath(string name, string description, string valueName) =>
        new(name) { Description = description, HelpName = valueName, Required = true, CustomParser = result => ParsePath(result, name) };

    /// <summary>The value of an option or argument, with ~ expanded, which a shell does not do in --option=~/folder. Fails if it is empty.</summary>
    public static string? ParsePath(ArgumentResult result, string name)
    {
        if (result.Tokens.Count == 0)
            return null;
        string text = result.Tokens[0].Value;
        if (text.Length == 0)
            result.AddError($"{name}: is empty; name a file or folder");
        return FromHome(text);
    }

    /// <summary>A path that may begin with ~, the user's home folder.</summary>
    public static string FromHome(string path) => path == "~" || path.StartsWith("~/", StringComparison.Ordinal)
        ? Environment.GetFolderPath(Environment.SpecialFolder.UserProfile) + path[1..]
        : path;

    /// <summary>
    /// The error for a mistyped option, or null: the parser would take it for the value of a positional argument.
    /// Text that begins with a dash must follow --.
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
