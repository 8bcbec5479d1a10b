using System.CommandLine;
using System.Text.Json.Nodes;
using Sequoia.Interop;
using Sequoia.Native;

namespace Sequoia.Cli.Devices;

/// <summary>sequoia doctor: what CUDA kernels need and which of it works on this machine. Fails if something required does not work.</summary>
internal static class DoctorCommand
{
    private static readonly string[] s_kinds = [Doctor.Driver, Doctor.Nvrtc];

    public static Command Create(Streams streams)
    {
        Option<string?> require = CheckedOption.Text("--require", $"Fail unless these work: {string.Join(", ", s_kinds)}.", "NAME,NAME,...");
        Option<string?> device = CheckedOption.Text("--device", "Fail unless such a device works: cuda, cuda:N or software.", "DEVICE");
        var json = new Option<bool>("--json") { Description = "Print one JSON object." };
        var command = new Command("doctor", "Show what CUDA kernels need, where it was looked for, and what of it works here.") { require, device, json };
        command.SetAction(parsed =>
        {
            string[] required = [.. Required(parsed.GetValue(require)), .. Device(parsed.GetValue(device))];
            IReadOnlyList<Check> checks = Doctor.Examine();
            string[] missing = [.. required.Where(name => !Works(checks, name))];
            streams.Out.WriteLine(parsed.GetValue(json) ? JsonText.Of(Json(checks, missing)) : Text(checks));
            foreach (string name in missing)
                streams.Notes.WriteLine($"sequoia: {name} is required and not usable");
            return missing.Length == 0 ? ExitStatus.Done : ExitStatus.Failure;
        });
        return command;
    }

    private static string[] Required(string? names)
    {
        string[] all = names is null ? [] : names.Split(',', StringSplitOptions.TrimEntries);
        string? unknown = Array.Find(all, name => !s_kinds.Contains(name));
        return unknown is null ? all : throw new InvalidInputException($"--require {names}: '{unknown}' must be one of {string.Join(", ", s_kinds)}");
    }

    private static string[] Device(string? name)
    {
        if (name is null)
            return [];
        string kind = name.Split(':')[0];
        bool numbered = name.Length == kind.Length || int.TryParse(name.AsSpan(kind.Length + 1), out _);
        return numbered && kind is Drivers.Nvidia or "software"
            ? [name]
            : throw new InvalidInputException($"--device {name}: must be cuda, cuda:N or software");
    }

    // NVRTC without its built-in functions compiles nothing, which its own check reports. A kind of device works if one of its devices does.
    private static bool Works(IReadOnlyList<Check> checks, string name) =>
        checks.Any(check => check.IsUsable && (check.Name == name || check.Name.StartsWith(name + ":", StringComparison.Ordinal)));

    private static string Text(IReadOnlyList<Check> checks)
    {
        var lines = new List<string>();
        foreach (Check check in checks)
        {
            lines.Add($"{check.Name,-16}{(check.IsUsable ? "ok       " : "missing  ")}{check.Summary}");
            lines.AddRange(check.Tried.Select(attempt => $"    {attempt.Path}: {attempt.Problem ?? "loaded"}"));
        }
        return string.Join('\n', lines);
    }

    private static JsonObject Json(IReadOnlyList<Check> checks, string[] missing) => new()
    {
        ["checks"] = new JsonArray([.. checks.Select(check => (JsonNode)new JsonObject
        {
            ["name"] = check.Name,
            ["usable"] = check.IsUsable,
            ["summary"] = check.Summary,
            ["tried"] = new JsonArray([.. check.Tried.Select(Json)]),
        })]),
        ["missing"] = new JsonArray([.. missing.Select(name => (JsonNode)name)]),
    };

    private static JsonNode Json(LibraryAttempt attempt) => new JsonObject { ["path"] = attempt.Path, ["problem"] = attempt.Problem };
}
