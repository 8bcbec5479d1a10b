using System.CommandLine;
using Sequoia.Native;

namespace Sequoia.Cli;

/// <summary>--top-p of the commands that measure.</summary>
internal static class TopPOption
{
    public static Option<float?> Create() => CheckedOption.Number("--top-p", "Keep the most probable tokens of this mass. Default: 1, all.", 0f, 1f);

    public static float Value(ParseResult parsed, Option<float?> option) => parsed.GetValue(option) switch
    {
        null => 1,
        0 => throw new InvalidInputException("--top-p 0: must be above 0; for the most probable token alone use temperature 0"),
        { } value => value,
    };
}
