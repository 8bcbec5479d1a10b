using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Sequoia.Native;

namespace Sequoia.Cli;

/// <summary>sequoia measure acceptance: counts which of the draft's guesses the target accepts, and keeps the result.</summary>
internal sealed class MeasureCommand
{
    private readonly PairOptions _pair = new();
    private readonly Option<string> _prompts = new("--prompts")
    {
        Description = "JSON lines {\"prompt\":\"...\"}, or text with a line <|endoftext|> between prompts.",
        HelpName = "FILE",
        Required = true,
    };

    private readonly Option<int?> _maxPrompts = CheckedOption.Number("--max-prompts", "The most prompts to use. Default: 200.", 1, int.MaxValue);
    private readonly Option<float?> _temperature = CheckedOption.Number("--temperature", "0 is greedy. Default: 0.6.", 0f, 100f);
    private readonly Option<int?> _maxTokens = CheckedOption.Number("--max-tokens", "The most tokens for each prompt. Default: 128.", 1, int.MaxValue);
    private readonly Option<ulong?> _seed = CheckedOption.Number("--seed", "Default: 0.", 0UL, ulong.MaxValue);
    private readonly Option<string?> _output = CheckedOption.Text("--output", "Where to keep the vector. Default: acceptance.json in the draft's folder, where generate finds it.", "FILE.json");
    private readonly Option<bool> _json = new("--json") { Description = "Print the vector as one JSON object." };

    public static Command Create(Streams streams)
    {
        var self = new MeasureCommand();
        var acceptance = new Command("acceptance", "Measure the acceptance vector of a pair, from which optimal trees are made.")
        {
            self._pair.Target, self._pair.Draft, self._prompts, self._maxPrompts, self._temperature, self._maxTokens, self._seed,
            self._pair.Threads, self._output, self._json,
        };
        acceptance.SetAction((parsed, cancellation) => Task.Run(() => self.Run(parsed, streams, cancellation), CancellationToken.None));
        return new Command("measure", "Measure what the best tree depends on.") { acceptance, MeasureHardwareCommand.Create(streams) };
    }

    private int Run(ParseResult parsed, Streams streams, CancellationToken cancellation)
    {
        (string targetFolder, string? draftFolder) = _pair.Folders(parsed);
        if (draftFolder is null)
            throw new InvalidInputException("--draft: is missing; name the small model's folder");
        List<string> prompts = PromptsFile.Read(parsed.GetRequiredValue(_prompts));
        using LanguageModel target = LanguageModel.Load(targetFolder, _pair.Loading(parsed));
        using LanguageModel draft = LanguageModel.Load(draftFolder, _pair.Loading(parsed));
        int all = prompts.Count;
        prompts = [.. prompts.Where(prompt => Fits(prompt, target)).Take(parsed.GetValue(_maxPrompts) ?? 200)];
        if (prompts.Count == 0)
            throw new InvalidInputException($"{parsed.GetValue(_prompts)}: none of its {all} prompts fits the model's context of {target.ContextLength}; shorten them");

        var options = new GenerationOptions
        {
            Temperature = parsed.GetValue(_temperature) ?? new GenerationOptions().Temperature,
            MaxTokens = parsed.GetValue(_maxTokens) ?? 128,
            Seed = parsed.GetValue(_seed) ?? 0,
        };
        (AcceptanceVector p, int steps) = AcceptanceMeter.Measure(target, draft, prompts, options, new Progress(streams, prompts.Count), cancellation);
        // First shown, then kept: a folder that cannot be written to must not cost the measurement.
        streams.Out.WriteLine(parsed.GetValue(_json) ? JsonText.Of(ToJson(p)) : Describe(p));
        string file = parsed.GetValue(_output) ?? AcceptanceVector.FileOf(draftFolder);
        p.Save(file, new JsonObject
        {
            ["target"] = Name(targetFolder),
            ["draft"] = Name(draftFolder),
            ["temperature"] = options.Temperature,
            ["seed"] = options.Seed,
            ["prompts"] = prompts.Count,
            ["steps"] = steps,
        });
        streams.Notes.WriteLine($"sequoia: {steps} steps over {prompts.Count} of {all} prompts; kept in {file}");
        return ExitStatus.Done;
    }

    private static bool Fits(string prompt, LanguageModel model) => model.Tokenizer.Encode(prompt).Length + 1 < model.ContextLength;

    private static string Name(string folder) => Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));

    private static JsonObject ToJson(AcceptanceVector p) => new() { ["p"] = new JsonArray([.. p.Values.ToArray().Select(value => (JsonNode)value)]) };

    private static string Describe(AcceptanceVector p)
    {
        double sum = 0;
        var lines = new List<string> { "child  accepted  so far" };
        for (int rank = 1; rank <= p.Count; rank++)
        {
            sum += p[rank];
            if (p[rank] > 0)
                lines.Add(string.Create(CultureInfo.InvariantCulture, $"{rank,5}  {p[rank],8:P2}  {sum,6:P1}"));
        }
        return string.Join('\n', lines);
    }

    /// <summary>One line that is written over on a terminal; silent in a pipe.</summary>
    private sealed class Progress(Streams streams, int count) : IProgress<int>
    {
        public void Report(int value)
        {
            if (!Console.IsErrorRedirected)
                streams.Notes.Write($"\r{value} of {count} prompts{(value == count ? "\n" : "")}");
        }
    }
}
