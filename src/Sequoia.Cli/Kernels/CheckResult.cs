using System.Text;
using System.Text.Json.Nodes;
using Sequoia.SoftwareGpu;

namespace Sequoia.Cli.Kernels;

/// <summary>The outcome of a kernel's runs under checks.</summary>
internal sealed class CheckResult(LaunchSpec spec)
{
    private readonly List<(LaunchOptions Options, CheckedRun Run)> _runs = [];

    // The same error occurs in every schedule; only the first schedule that shows it reports it.
    private readonly Dictionary<string, string> _findings = [];

    /// <summary>Whether nothing was found in any schedule.</summary>
    public bool IsClean => _findings.Count == 0;

    public void Add(LaunchOptions options, CheckedRun run)
    {
        _runs.Add((options, run));
        string schedule = Name(options);
        foreach (Finding finding in run.Report?.Findings ?? [])
            _findings.TryAdd(finding.File is null ? $"{finding.Kind} {finding.PtxLine}" : $"{finding.Kind} {finding.File} {finding.FileLine}", $"{finding} [{schedule}]");
        if (run.Fault is { } fault)
            _findings.TryAdd(fault, $"{fault} [{schedule}]");
        if (run.Contents is not { } contents)
            return;
        for (int i = 0; i < contents.Length; i++)
        {
            if (contents[i] is not { } bytes)
                continue;
            if (spec.Arguments[i].Fill is null && Unwritten.Count(bytes, spec.Arguments[i].Type.Bytes) is > 0 and var left)
                _findings.TryAdd($"unwritten {i}", $"args[{i}]: {left} of {spec.Arguments[i].Length} elements were not written [{schedule}]");
            if (_runs[0].Run.Contents?[i] is { } first && !bytes.AsSpan().SequenceEqual(first))
                _findings.TryAdd($"differs {i}", $"args[{i}]: differs between schedules: the result depends on the order of warps or blocks [{schedule}]");
        }
    }

    /// <summary>The counts of the plain schedule; null if the kernel did not run.</summary>
    public KernelProfile? Profile => _runs[0].Run.Report?.Profile;

    public string Describe(KernelOccupancy? occupancy)
    {
        var text = new StringBuilder();
        foreach (string finding in _findings.Values)
            text.AppendLine(finding);
        if (Profile is { } profile)
            text.AppendLine(profile.ToTable());
        if (occupancy is not null)
            text.AppendLine(occupancy.Describe());
        text.Append(IsClean
            ? $"{spec.Kernel}: nothing found in {_runs.Count} schedules"
            : $"{spec.Kernel}: {_findings.Count} findings in {_runs.Count} schedules");
        return text.ToString();
    }

    public JsonObject ToJson(KernelOccupancy? occupancy) => new()
    {
        ["kernel"] = spec.Kernel,
        ["schedules"] = _runs.Count,
        ["findings"] = new JsonArray([.. _findings.Values.Select(finding => (JsonNode)finding)]),
        ["counters"] = Profile is { } profile ? JsonNode.Parse(profile.ToJson()) : null,
        ["occupancy"] = occupancy?.ToJson(),
    };

    /// <summary>A readable name of a schedule.</summary>
    public static string Name(LaunchOptions options) => options.Schedule switch
    {
        Schedule.InOrder => "in order",
        Schedule.Random => $"random order, seed {options.Seed}",
        _ => $"adversarial order, seed {options.Seed}",
    };
}
