using System.CommandLine;
using System.Globalization;

namespace Sequoia.Cli.Offload;

/// <summary>sequoia demo-models: writes a pair of models with random weights, to see what offloading costs and gains without a download.</summary>
internal static class DemoModelsCommand
{
    public static Command Create(Streams streams)
    {
        var folder = new Argument<string>("DIR")
        {
            Description = "The folder: DIR/target and DIR/draft are the models.",
            CustomParser = result => CheckedOption.ParsePath(result, "DIR"),
        };
        Option<string?> size = CheckedOption.Text("--size", "1b (2.6 GB, TinyLlama's shape) or 13b (26 GB, Llama-2-13B's shape). Default: 1b.", "SIZE");
        var yes = new Option<bool>("--yes") { Description = "Write without asking." };
        var clean = new Option<bool>("--clean") { Description = "Remove the models from DIR." };
        var command = new Command("demo-models", "Write a pair of models with random weights: cost and acceptance are real, the text has no meaning.") { folder, size, yes, clean };
        command.SetAction(async (parsed, cancellation) =>
        {
            string path = parsed.GetRequiredValue(folder);
            if (parsed.GetValue(clean))
                return Clean(path, streams);
            var pair = DemoPair.Find("--size", parsed.GetValue(size) ?? DemoPair.All[0].Name);
            var demo = new DemoFolder(path, pair);
            if (!await demo.WriteAsync(streams, parsed.GetValue(yes), cancellation))
                return ExitStatus.Cancelled;
            await streams.Out.WriteLineAsync(Describe(demo, pair));
            return ExitStatus.Done;
        });
        return command;
    }

    private static int Clean(string path, Streams streams)
    {
        (long freed, string? left) = DemoFolder.Clean(path);
        streams.Notes.WriteLine($"sequoia: removed {DemoFolder.Size(freed)}{(left is null ? "" : $"; {left} is not one of the models' files and was kept")}");
        return ExitStatus.Done;
    }

    private static string Describe(DemoFolder demo, DemoPair pair) => string.Create(CultureInfo.InvariantCulture, $"""
        target  {demo.Target} ({pair.Target.Shape.Parameters / 1e9:F1} B parameters)
        draft   {demo.Draft} ({pair.Draft.Shape.Parameters / 1e9:F1} B parameters)
        The weights are random: cost and acceptance are real, the text has no meaning.
        sequoia generate hello --target {demo.Target} --draft {demo.Draft}
        """);
}
