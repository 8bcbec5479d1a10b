using System.Globalization;
using System.Text.Json.Nodes;
using Sequoia.Native.Backends.Cuda.Checks;

namespace Sequoia.Cli.Kernels;

/// <summary>The outcome of one kernel's problems.</summary>
internal sealed class EngineOutcome(string kernel)
{
    // Null until something is compared.
    private double? _worst, _worstOfTwin;
    private bool _isExact, _hasTwin;

    public string Kernel { get; } = kernel;

    public int Cases { get; private set; }

    public Deviation Latest { get; private set; }

    /// <summary>Null if all problems passed.</summary>
    public EngineFailure? Failure { get; set; }

    public static string[] Heads => ["kernel", "cases", "worst", "worst of the twin"];

    /// <summary>Counts a problem.</summary>
    /// <param name="problem">The problem.</param>
    /// <param name="hasTwin">Whether its twin runs as well.</param>
    public void Begin(KernelProblem problem, bool hasTwin)
    {
        Cases++;
        (_isExact, _hasTwin, Latest) = (problem.IsExact, hasTwin, default);
    }

    public void Add(Deviation deviation, bool isTwin)
    {
        Latest = deviation;
        if (isTwin)
            _worstOfTwin = Math.Max(_worstOfTwin ?? 0, deviation.Worst);
        else
            _worst = Math.Max(_worst ?? 0, deviation.Worst);
    }

    public string[] Cells() =>
    [
        Kernel, $"{Cases}",
        Failure is { OfTwin: false } ? "WRONG" : Share(_worst),
        !_hasTwin ? "" : Failure switch { null => Share(_worstOfTwin), { OfTwin: true } => "WRONG", _ => "not run" },
    ];

    /// <summary>The failure with its location and values, and the command that reproduces it.</summary>
    public string? Describe() => Failure is null ? null : string.Join('\n',
    [
        .. Failure.Messages,
        $"{Kernel}{(Failure.OfTwin ? ", its twin" : "")}: {Failure.Shape}; again: sequoia kernels check --kernel {Kernel} {(Failure.Seed is { } seed ? $"--cases 1 --seed {seed}" : "--typical")}",
    ]);

    public JsonObject ToJson() => new()
    {
        ["kernel"] = Kernel,
        ["cases"] = Cases,
        ["exact"] = _isExact,
        ["worst"] = Finite(_worst),
        ["worst_of_twin"] = Finite(_worstOfTwin),
        ["failure"] = Failure is null ? null : new JsonObject
        {
            ["of_twin"] = Failure.OfTwin,
            ["shape"] = Failure.Shape,
            ["seed"] = Failure.Seed,
            ["messages"] = new JsonArray([.. Failure.Messages.Select(message => (JsonNode)message)]),
        },
    };

    private string Share(double? worst) => _isExact ? "bit-equal" : string.Create(CultureInfo.InvariantCulture, $"{100 * worst:F1} % of what rounding allows");

    // JSON has no infinity.
    private static JsonNode? Finite(double? worst) => worst is { } number && double.IsFinite(number) ? number : null;
}

/// <summary>The first problem that a kernel failed.</summary>
/// <param name="Shape">The problem.</param>
/// <param name="Seed">The seed that reproduces it; null for a problem of typical size.</param>
/// <param name="OfTwin">Whether the twin failed.</param>
/// <param name="Messages">The findings: a wrong result with its location and values, or the messages of the software GPU's checks.</param>
internal sealed record EngineFailure(string Shape, int? Seed, bool OfTwin, IReadOnlyList<string> Messages);
