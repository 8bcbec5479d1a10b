using System.CommandLine;
using System.CommandLine.Parsing;
using Sequoia.Native;

namespace Sequoia.Cli.Kernels;

/// <summary>Common parts of commands that take the user's kernel or, without a file, the engine's.</summary>
internal static class EngineFilter
{
    public static Option<string?> Option() => CheckedOption.Text("--kernel", "Only this one of the engine's kernels; without it all of them.", "NAME");

    /// <summary>The requested names.</summary>
    /// <param name="name">The option's value; null requests all.</param>
    /// <param name="names">The available names.</param>
    public static IReadOnlyList<string> Choose(string? name, IReadOnlyList<string> names) => name switch
    {
        null => names,
        _ when names.Contains(name) => [name],
        _ => throw new InvalidInputException($"--kernel {name}: is not one of {string.Join(", ", names)}"),
    };

    /// <summary>Rejects options of one kind with or without a file, and a file without a launch.</summary>
    /// <param name="command">The command.</param>
    /// <param name="file">The user's source.</param>
    /// <param name="ofFile">Options valid only with a file; the first is the launch, which a file requires.</param>
    /// <param name="ofEngine">Options valid only without a file.</param>
    public static void Separate(Command command, Argument<string?> file, Option[] ofFile, Option[] ofEngine) => command.Validators.Add(result =>
    {
        bool hasFile = result.GetResult(file) is { Tokens.Count: > 0 };
        if (hasFile && !IsGiven(ofFile[0]))
            result.AddError($"{ofFile[0].Name}: is missing; FILE.cu is launched as it says");
        foreach (Option option in hasFile ? ofEngine : ofFile)
        {
            if (IsGiven(option))
                result.AddError(hasFile ? $"{option.Name}: is for the engine's kernels; leave out FILE.cu" : $"{option.Name}: is for a kernel of your own; name FILE.cu");
        }

        bool IsGiven(Option option) => result.GetResult(option) is OptionResult { Implicit: false };
    });
}
