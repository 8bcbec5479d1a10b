using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Sequoia.Native;

namespace Sequoia.Cli;

/// <summary>sequoia tokenize: text to ids, or with --decode ids to text.</summary>
internal static class TokenizeCommand
{
    public static Command Create(Streams streams)
    {
        Option<string> model = CheckedOption.RequiredPath("--model", "A model folder, or a tokenizer.json or tokenizer.model.", "DIR_OR_FILE");
        var text = new Argument<string?>("TEXT")
        {
            Description = "The text, or the ids with --decode; - or none: standard input, taken to the byte but for a byte order mark.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var decode = new Option<bool>("--decode") { Description = "Turn ids into text." };
        var json = new Option<bool>("--json") { Description = "Print {\"ids\":[...]} or {\"text\":...}." };
        var command = new Command("tokenize", "Turn text into token ids (without BOS), or ids into text.") { model, text, decode, json };
        command.SetAction(parsed =>
        {
            var tokenizer = Tokenizer.Load(parsed.GetRequiredValue(model));
            string input = Input(parsed.GetValue(text));
            if (parsed.GetValue(decode))
                Print(streams, tokenizer.Decode(Ids(input, tokenizer)), parsed.GetValue(json));
            else
                Print(streams, tokenizer.Encode(input), parsed.GetValue(json));
            return ExitStatus.Done;
        });
        return command;
    }

    private static string Input(string? text)
    {
        if (text is not null and not StandardInput.Name)
            return text;
        return text == StandardInput.Name || StandardInput.IsRedirected
            ? StandardInput.ReadText("TEXT")
            : throw new InvalidInputException("TEXT: is missing; give it as an argument, or - to type it");
    }

    private static int[] Ids(string text, Tokenizer tokenizer)
    {
        string[] parts = text.Split((char[])[' ', ',', '\t', '\r', '\n', '[', ']'], StringSplitOptions.RemoveEmptyEntries);
        int[] ids = new int[parts.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            if (!int.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out ids[i]) || ids[i] >= tokenizer.VocabularySize)
                throw new InvalidInputException($"TEXT: \"{parts[i]}\" is no id of this tokenizer; ids are 0..{tokenizer.VocabularySize - 1}");
        }
        return ids;
    }

    private static void Print(Streams streams, int[] ids, bool json) =>
        streams.Out.WriteLine(json ? $"{{\"ids\":[{string.Join(',', ids)}]}}" : string.Join(' ', ids));

    private static void Print(Streams streams, string text, bool json) =>
        streams.Out.WriteLine(json ? $"{{\"text\":\"{JsonEncodedText.Encode(text, JsonText.Encoder)}\"}}" : text);
}
