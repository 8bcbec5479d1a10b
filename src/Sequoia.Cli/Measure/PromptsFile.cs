using System.CommandLine;
using System.Text;
using System.Text.Json;
using Sequoia.Native;

namespace Sequoia.Cli;

/// <summary>Reads prompts: JSON lines {"prompt":"..."}, or text with a line &lt;|endoftext|&gt; between prompts.</summary>
internal static class PromptsFile
{
    private const string Separator = "<|endoftext|>";

    public static Option<string> Option() => new("--prompts")
    {
        Description = "JSON lines {\"prompt\":\"...\"}, or text with a line <|endoftext|> between prompts.",
        HelpName = "FILE",
        Required = true,
    };

    /// <summary>The first prompts, at most so many, that leave room in the model's context.</summary>
    public static List<string> Fitting(List<string> prompts, string file, LanguageModel model, int most)
    {
        List<string> fitting = [.. prompts.Where(prompt => model.Tokenizer.Encode(prompt).Length + 1 < model.ContextLength).Take(most)];
        return fitting.Count > 0 ? fitting : throw new InvalidInputException(
            $"{file}: none of its {prompts.Count} prompts fits the model's context of {model.ContextLength}; shorten them");
    }

    public static List<string> Read(string file)
    {
        string[] lines;
        try
        {
            lines = File.ReadAllLines(file, new UTF8Encoding(false, throwOnInvalidBytes: true));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InvalidInputException($"{file}: there is no such file", e);
        }
        catch (DecoderFallbackException e)
        {
            throw new InvalidInputException($"{file}: is not valid UTF-8; convert it first", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{file}: cannot be read ({e.Message.ReplaceLineEndings(" ")})", e);
        }
        bool json = lines.FirstOrDefault(line => !string.IsNullOrWhiteSpace(line))?.TrimStart().StartsWith('{') ?? false;
        List<string> prompts = json ? JsonLines(file, lines) : Texts(lines);
        return prompts.Count > 0 ? prompts : throw new InvalidInputException($"{file}: holds no prompts");
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
