using System.CommandLine;
using System.Security.Cryptography;
using System.Text.Json;
using Sequoia.Native;

namespace Sequoia.Cli;

/// <summary>Prompts: JSON lines {"prompt":"..."}, or text with a line &lt;|endoftext|&gt; between prompts.</summary>
/// <param name="Name">The file's name in messages.</param>
/// <param name="Sha256">The file's digest.</param>
/// <param name="Prompts">The prompts.</param>
internal sealed record PromptsFile(string Name, string Sha256, IReadOnlyList<string> Prompts)
{
    private const string Separator = "<|endoftext|>";
    private const long MaxBytes = 1L << 30;

    private const string OptionName = "--prompts", Description = "JSON lines {\"prompt\":\"...\"}, or text with a line <|endoftext|> between prompts; - for standard input.";

    public static Option<string> Option() => CheckedOption.RequiredPath(OptionName, Description, "FILE");

    /// <summary>The same for a command that does not always need it.</summary>
    public static Option<string?> OptionalOption() => CheckedOption.Path(OptionName, Description, "FILE");

    /// <summary>The first prompts, at most this many, that leave room in the model's context.</summary>
    public List<string> Fitting(LanguageModel model, int most)
    {
        List<string> fitting = [.. Prompts.Where(prompt => model.Tokenizer.Encode(prompt).Length + 1 < model.ContextLength).Take(most)];
        return fitting.Count > 0 ? fitting : throw new InvalidInputException(
            $"{Name}: none of its {Prompts.Count} prompts fits the model's context of {model.ContextLength}; shorten them");
    }

    public static PromptsFile Read(string path)
    {
        byte[] content = InputFile.ReadBytes(path, "--prompts", MaxBytes, "prompts");
        string file = InputFile.NameOf(path);
        string[] lines = [.. Lines(InputFile.Decode(content, file))];
        bool json = lines.FirstOrDefault(line => !string.IsNullOrWhiteSpace(line))?.TrimStart().StartsWith('{') ?? false;
        List<string> prompts = json ? JsonLines(file, lines) : Texts(lines);
        return prompts.Count > 0
            ? new PromptsFile(file, Convert.ToHexStringLower(SHA256.HashData(content)), prompts)
            : throw new InvalidInputException($"{file}: holds no prompts");
    }

    // JSON may contain Unicode line breaks unescaped, so only the usual ones separate lines.
    private static IEnumerable<string> Lines(string text)
    {
        using var reader = new StringReader(text);
        while (reader.ReadLine() is { } line)
            yield return line;
    }

    private static List<string> JsonLines(string file, string[] lines)
    {
        var prompts = new List<string>();
        for (int i = 0; i < lines.Length; i++)
        {
            if (string.IsNullOrWhiteSpace(lines[i]))
                continue;
            try
            {
                using JsonDocument line = JsonDocument.Parse(lines[i]);
                if (line.RootElement.ValueKind == JsonValueKind.Object
                    && line.RootElement.TryGetProperty("prompt", out JsonElement prompt) && prompt.ValueKind == JsonValueKind.String)
                {
                    prompts.Add(prompt.GetString()!);
                    continue;
                }
            }
            catch (Exception e) when (e is JsonException or InvalidOperationException)
            {
                throw new InvalidInputException($"{file}: line {i + 1}: is not valid JSON; each line must be {{\"prompt\":\"...\"}}", e);
            }
            throw new InvalidInputException($"{file}: line {i + 1}: prompt: is missing; each line must be {{\"prompt\":\"...\"}}");
        }
        return prompts;
    }

    private static List<string> Texts(string[] lines)
    {
        var prompts = new List<string>();
        var current = new List<string>();
        foreach (string line in lines.Append(Separator))
        {
            if (line.Trim() != Separator)
            {
                current.Add(line);
                continue;
            }
            string prompt = string.Join('\n', current).Trim();
            if (prompt.Length > 0)
                prompts.Add(prompt);
            current.Clear();
        }
        return prompts;
    }
}
