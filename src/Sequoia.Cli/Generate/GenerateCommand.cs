using System.CommandLine;
using Sequoia.Cli.Kernels;
using Sequoia.Native;

namespace Sequoia.Cli;

/// <summary>sequoia generate: the options and their combined meaning.</summary>
internal sealed class GenerateCommand
{
    private readonly Argument<string?> _prompt = new("PROMPT")
    {
        Description = "The text to continue. - is standard input, less one final line break and a byte order mark. Default: standard input if it is redirected, else nothing.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly PairOptions _pair = new();
    private readonly Option<string?> _tree = CheckedOption.Text("--tree", "none, chain:N, chains:WxL, optimal:N[xL], auto, FILE.json or - (such a file on standard input). Default: auto; none with --target alone.", "TREE");
    private readonly Option<float?> _temperature = SamplingOption.Temperature();
    private readonly Option<float?> _topP = SamplingOption.TopP();
    private readonly Option<int?> _topK = SamplingOption.TopK();
    private readonly Option<int?> _maxTokens = CheckedOption.Number("--max-tokens", "The most tokens to generate. Default: 256.", 1, int.MaxValue);
    private readonly Option<ulong?> _seed = CheckedOption.Number("--seed", "Repeats a run. Default: random, and reported.", 0UL, ulong.MaxValue);
    private readonly Option<bool> _ignoreEos = new("--ignore-eos") { Description = "Go on after the end of the text." };
    private readonly Option<string[]> _kernel = new("--kernel") { Description = "CUDA source (- is standard input) to use in place of one of the engine's kernels; may be repeated.", HelpName = "NAME=FILE.cu" };
    private readonly Option<bool> _compare = new("--compare") { Description = "Then decode as many tokens one at a time, and show the difference." };
    private readonly Option<bool> _json = new("--json") { Description = "Print one JSON object." };

    public static Command Create(Streams streams)
    {
        var self = new GenerateCommand();
        var command = new Command("generate", "Continue a text.")
        {
            self._prompt, self._pair.Target, self._pair.Draft, self._tree, self._temperature, self._topP, self._topK, self._maxTokens, self._seed,
            self._ignoreEos, self._pair.Device, self._pair.Threads, self._pair.Memory, self._pair.GpuMemory, self._pair.Stream, self._kernel, self._compare, self._json,
        };
        command.SetAction((parsed, cancellation) =>
        {
            GenerateSettings settings = self.Settings(parsed);
            return GenerateJob.RunAsync(settings, Prompt(parsed.GetValue(self._prompt)), streams, cancellation);
        });
        return command;
    }

    private GenerateSettings Settings(ParseResult parsed)
    {
        TreePolicy? tree = parsed.GetValue(_tree) is { } text ? Tree(text) : null;
        (string target, string? draft) = _pair.Folders(parsed);
        if (draft is null && tree is not null && tree != TreePolicy.None)
            throw new InvalidInputException($"--tree {tree}: needs --draft DIR, a small model with the target's tokenizer; or use --tree none");
        return new GenerateSettings(
            target, draft, draft is null ? TreePolicy.None : tree, Options(parsed), _pair.Loading(parsed) with { Kernels = Kernels(parsed) }, parsed.GetValue(_compare), parsed.GetValue(_json));
    }

    private static string Prompt(string? given)
    {
        if (given is not null and not StandardInput.Name)
            return given;
        // Input that another argument has read is not a prompt.
        bool read = given is not null || (StandardInput.IsRedirected && !StandardInput.IsTaken);
        return read ? WithoutFinalBreak(StandardInput.ReadText("PROMPT")) : "";
    }

    private static TreePolicy Tree(string text)
    {
        if (text == StandardInput.Name)
            return InputWait.Run(() => TreePolicy.FromTree(TokenTree.Load(StandardInput.PathFor(text, "--tree"))));
        return InputWait.Run(() => TreePolicy.Parse(CheckedOption.FromHome(text)));
    }

    private KernelSet Kernels(ParseResult parsed)
    {
        KernelSet set = KernelSet.Default;
        foreach (string replacement in parsed.GetValue(_kernel) ?? [])
        {
            string[] parts = replacement.Split('=', 2);
            if (parts is not [{ Length: > 0 } name, { Length: > 0 } file])
                throw new InvalidInputException($"--kernel {replacement}: must be NAME=FILE.cu; sequoia kernels list has the names");
            set = set.Replace(name, KernelSource.Load(CheckedOption.FromHome(file), $"--kernel {name}").Text);
        }
        return set;
    }

    private GenerationOptions Options(ParseResult parsed)
    {
        var defaults = new GenerationOptions();
        return defaults with
        {
            Temperature = parsed.GetValue(_temperature) ?? defaults.Temperature,
            TopP = SamplingOption.TopPOf(parsed, _topP),
            TopK = parsed.GetValue(_topK) ?? defaults.TopK,
            MaxTokens = parsed.GetValue(_maxTokens) ?? defaults.MaxTokens,
            Seed = parsed.GetValue(_seed),
            IgnoreEos = parsed.GetValue(_ignoreEos),
        };
    }

    // The line break that a shell's echo adds is hardly ever intended.
    private static string WithoutFinalBreak(string text) =>
        text.EndsWith("\r\n", StringComparison.Ordinal) ? text[..^2] : text.EndsWith('\n') ? text[..^1] : text;
}
