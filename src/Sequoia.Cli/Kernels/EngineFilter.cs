using System.CommandLine;
using Sequoia.Native;

namespace Sequoia.Cli.Kernels;

/// <summary>--kernel: which of the engine's kernels a command is about.</summary>
internal static class EngineFilter
{
    public static Option<string?> Option() => CheckedOption.Text("--kernel", "Only this one of the engine's kernels; without it all of them.", "NAME");

    /// <summary>The names that are asked for.</summary>
    /// <param name="name">The option's value; null asks for all.</param>
    /// <param name="names">What there is.</param>
    public static IReadOnlyList<string> Choose(string? name, IReadOnlyList<string> names) => name switch
    {
        null => names,
        _ when names.Contains(name) => [name],
        _ => throw new InvalidInputException($"--kernel {name}: is not one of {string.Join(", ", names)}"),
    };
}
