using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sequoia.Native;
using Sequoia.Native.Diagnostics;

namespace Sequoia.Cli;

/// <summary>The content of a file before a new measurement is stored there.</summary>
internal static class EarlierMeasurement
{
    // Below this the standard error of a rank exceeds one per cent, and trees built from the vector are unreliable.
    private const int FewSteps = 1000;
    private const long MaxBytes = 16 << 20;

    /// <summary>Backs up a better earlier measurement, so that a quick try does not overwrite a long measurement.</summary>
    /// <param name="file">The file of the new measurement.</param>
    /// <param name="measured">The measurement.</param>
    /// <returns>A note to the user; null if there is none.</returns>
    public static string? Replace(string file, AcceptanceMeasurement measured)
    {
        if (measured.Steps >= FewSteps)
            return null;
        string warning = string.Create(
            CultureInfo.InvariantCulture, $"{measured.Steps} steps say little (a standard error of {measured.StandardErrors.Max():P1}); use more prompts or --max-tokens for at least {FewSteps}");
        if (!File.Exists(file) || StepsOf(file) <= measured.Steps)
            return warning;
        try
        {
            File.Move(file, file + ".old", overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{file}.old: cannot be written ({e.Message.ReplaceLineEndings(" ")})", e);
        }
        return $"{warning}; what {Path.GetFileName(file)} held is kept in {file}.old";
    }

    // Null, which compares as not less than any number, if the file does not say: its quality is unknown.
    private static int? StepsOf(string file)
    {
        try
        {
            return (JsonNode.Parse(BoundedFile.Read(file, MaxBytes)) as JsonObject)?["steps"] is JsonValue value && value.TryGetValue(out int steps) ? steps : null;
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
