using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sequoia.Native;
using Sequoia.Native.Diagnostics;

namespace Sequoia.Cli;

/// <summary>What a file held before a measurement is kept there.</summary>
internal static class EarlierMeasurement
{
    // Below this the standard error of a rank exceeds one per cent, and trees made from the vector are a matter of luck.
    private const int FewSteps = 1000;
    private const long MaxBytes = 16 << 20;

    /// <summary>Puts a better one aside, so that a quick try does not cost a long measurement.</summary>
    /// <param name="file">Where the measurement is about to be kept.</param>
    /// <param name="measured">The measurement.</param>
    /// <returns>What the user should know; null if nothing.</returns>
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

    // Null, which is no less than any number, where the file does not say: it may be of any worth.
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
