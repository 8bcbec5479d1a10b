using Sequoia.Native;

namespace Sequoia.Cli;

/// <summary>The model pair that comes with the command: target/ and draft/ in one folder.</summary>
internal static class BundledModels
{
    /// <summary>The folder: SEQUOIA_MODELS, otherwise a folder "models" next to the executable or above it.</summary>
    public static string Find()
    {
        if (Environment.GetEnvironmentVariable("SEQUOIA_MODELS") is { Length: > 0 } given)
        {
            string named = CheckedOption.FromHome(given);
            return IsPair(named) ? named : throw new InvalidInputException(
                $"SEQUOIA_MODELS: {named} does not hold target/config.json and draft/config.json; name the folder of such a pair, or unset it");
        }
        for (string? folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            string models = Path.Combine(folder, "models");
            if (IsPair(models))
                return models;
        }
        throw new InvalidInputException("the bundled models are not beside the command; name a model with --target DIR, or the folder of a pair with SEQUOIA_MODELS");
    }

    private static bool IsPair(string folder) =>
        File.Exists(Path.Combine(folder, "target", "config.json")) && File.Exists(Path.Combine(folder, "draft", "config.json"));
}
