using System.Text.Json;
using System.Text.Json.Nodes;
using Sequoia.Native;
using Sequoia.Native.Models;

namespace Sequoia.Cli.Offload;

/// <summary>Marks a folder of demonstration models, and lists the files in it that may be continued and removed.</summary>
/// <param name="Format">The version of the models' content.</param>
/// <param name="Pair">The pair's name.</param>
/// <param name="MadeFolder">Whether the folder itself was created for the models.</param>
/// <param name="Files">All files, relative to the folder.</param>
internal sealed record DemoMarker(int Format, string Pair, bool MadeFolder, IReadOnlyList<string> Files)
{
    public const string FileName = "sequoia-demo.json";

    /// <summary>The marker of a folder; null if there is none.</summary>
    /// <exception cref="InvalidInputException">The marker cannot be read.</exception>
    public static DemoMarker? Read(string folder)
    {
        string file = Path.Combine(folder, FileName);
        if (!File.Exists(file))
            return null;
        JsonSection json = JsonSection.Read(file);
        JsonElement files = json.Value("files", JsonValueKind.Array) ?? throw json.Problem("files", "is missing");
        var marker = new DemoMarker(
            json.Int("format"), json.Text("pair"), json.Flag("made_folder", false), [.. files.EnumerateArray().Select(name => JsonSection.TextOf(name) ?? "")]);
        // These files are removed on request: they must not lie elsewhere.
        return marker.Files.FirstOrDefault(name => !IsInside(name)) is { } other ? throw json.Problem("files", $"'{other}' is no file of a model") : marker;
    }

    public void Write(string folder) => OutputFile.Write(Path.Combine(folder, FileName), JsonText.Of(new JsonObject
    {
        ["format"] = Format,
        ["pair"] = Pair,
        ["made_folder"] = MadeFolder,
        ["files"] = new JsonArray([.. Files.Select(name => (JsonNode)name)]),
    }));

    private static bool IsInside(string name) =>
        name.Split('/') is [DemoFolder.TargetName or DemoFolder.DraftName, var last] && last == Path.GetFileName(last) && last is not ("" or "." or "..");
}
