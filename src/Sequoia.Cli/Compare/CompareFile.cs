using System.Text.Json;
using Sequoia.Native;

namespace Sequoia.Cli.Compare;

/// <summary>compare.json: the results so far, from which an interrupted run continues.</summary>
internal sealed class CompareFile(string folder)
{
    private readonly string _file = Path.Combine(folder, "compare.json");

    /// <summary>The results of an earlier run with the same options; null if there are none.</summary>
    public CompareReport? Load(CompareOptions options)
    {
        if (!File.Exists(_file))
            return null;
        CompareReport? report;
        try
        {
            report = JsonSerializer.Deserialize(InputFile.Decode(File.ReadAllBytes(_file), _file), CompareJson.Default.CompareReport);
        }
        catch (JsonException e)
        {
            throw new InvalidInputException($"{_file}: is no result of compare; remove it, or name another folder with --output", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{_file}: cannot be read ({e.Message.ReplaceLineEndings(" ")})", e);
        }
        var costs = report?.StepCosts.Select(cost => (cost.Temperature, cost.Size, cost.Method)).ToHashSet();
        if (report is not null && report.Runs.Any(run => run.Seconds is not null && !costs!.Contains((run.Temperature, run.Size, run.Method))))
            throw new InvalidInputException($"{_file}: step_costs: lacks a tree that runs were made with; remove the file, or name another folder with --output");
        return report is not null && Text(report.Options) == Text(options) ? report : throw new InvalidInputException(
            $"{_file}: holds the results of other options, models or prompts; remove it, or name another folder with --output");
    }

    public void Save(CompareReport report) => OutputFile.Write(_file, stream => JsonSerializer.Serialize(stream, report, CompareJson.Default.CompareReport));

    /// <summary>The content of the file.</summary>
    public static string Text(CompareReport report) => JsonSerializer.Serialize(report, CompareJson.Default.CompareReport);

    private static string Text(CompareOptions options) => JsonSerializer.Serialize(options, CompareJson.Default.CompareOptions);
}
