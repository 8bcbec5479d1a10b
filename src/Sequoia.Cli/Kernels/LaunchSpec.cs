using System.Text.Json;
using Sequoia.Interop;
using Sequoia.Native;

namespace Sequoia.Cli.Kernels;

/// <summary>How to launch a kernel: a file that users write by hand, so everything in it is checked.</summary>
/// <param name="File">The file, for messages.</param>
/// <param name="Kernel">The kernel's name in the source.</param>
/// <param name="Grid">Blocks.</param>
/// <param name="Block">Threads per block.</param>
/// <param name="SharedBytes">Dynamic shared memory.</param>
/// <param name="Arguments">In the order of the kernel's parameters.</param>
internal sealed record LaunchSpec(string File, string Kernel, Dim3 Grid, Dim3 Block, int SharedBytes, IReadOnlyList<SpecArgument> Arguments)
{
    private const long MaxFileBytes = 1 << 20;
    private static readonly string[] Keys = ["kernel", "grid", "block", "shared", "args"];

    public static LaunchSpec Load(string path)
    {
        string file = InputFile.NameOf(path);
        try
        {
            using JsonDocument json = JsonDocument.Parse(InputFile.ReadText(path, "--launch", MaxFileBytes, "a launch"));
            return Read(file, json.RootElement);
        }
        catch (JsonException e)
        {
            throw new InvalidInputException($"{file}: is not valid JSON near line {e.LineNumber + 1}; correct it there", e);
        }
        catch (InvalidOperationException e)
        {
            throw new InvalidInputException($"{file}: has a key or a text with half a surrogate pair", e);
        }
    }

    private static LaunchSpec Read(string file, JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object)
            throw new InvalidInputException($"{file}: must be an object {{\"kernel\", \"grid\", \"block\", \"shared\", \"args\"}}");
        foreach (JsonProperty property in root.EnumerateObject())
        {
            if (!Keys.Contains(property.Name))
                throw new InvalidInputException($"{file}: {property.Name}: is not known; the keys are {string.Join(", ", Keys)}");
        }
        if (!root.TryGetProperty("kernel", out JsonElement kernel) || kernel.ValueKind != JsonValueKind.String || kernel.GetString() is not { Length: > 0 } name)
            throw new InvalidInputException($"{file}: kernel: must be the kernel's name");
        if (!root.TryGetProperty("args", out JsonElement arguments) || arguments.ValueKind != JsonValueKind.Array)
            throw new InvalidInputException($"{file}: args: must be a list with one object for each parameter");
        int shared = root.TryGetProperty("shared", out JsonElement bytes) ? Whole(file, "shared", bytes, 0, 1 << 20) : 0;
        return new LaunchSpec(
            file, name, Extent(file, root, "grid"), Extent(file, root, "block"), shared,
            [.. arguments.EnumerateArray().Select((argument, i) => SpecArgument.Read(file, $"args[{i}]", argument))]);
    }

    private static Dim3 Extent(string file, JsonElement root, string key)
    {
        if (!root.TryGetProperty(key, out JsonElement value))
            throw new InvalidInputException($"{file}: {key}: is missing; a number or a list of one to three numbers");
        JsonElement[] parts = value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : [value];
        if (parts.Length is < 1 or > 3)
            throw new InvalidInputException($"{file}: {key}: must have one to three numbers");
        int[] extent = [.. parts.Select(part => Whole(file, key, part, 1, int.MaxValue))];
        return new Dim3(extent[0], extent.ElementAtOrDefault(1) is > 0 and var y ? y : 1, extent.ElementAtOrDefault(2) is > 0 and var z ? z : 1);
    }

    public static int Whole(string file, string key, JsonElement value, int least, int most) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) && number >= least && number <= most
            ? number
            : throw new InvalidInputException($"{file}: {key}: must be a whole number from {least} to {most}");
}
