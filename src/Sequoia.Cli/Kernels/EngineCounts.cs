using System.Globalization;
using System.Text.Json.Nodes;
using Sequoia.Interop;
using Sequoia.Native.Backends.Cuda.Checks;
using Sequoia.SoftwareGpu;

namespace Sequoia.Cli.Kernels;

/// <summary>The operations of the engine's kernels on the software GPU, which counts them. All launches of a problem are summed.</summary>
internal sealed class EngineCounts(CudaContext context) : IEngineMeasure
{
    // Operations of an m16n8k16, the only product that the kernels use.
    private const double FlopsOfMma = 2 * 16 * 8 * 16;

    private readonly List<Counted> _all = [];

    public string About => "a quarter of a 7B model's width: counts, no times; distinct bytes are those of each launch";

    public string[] Heads => ["kernel", "warp instructions", "bytes asked for", "distinct", "of the problem", "flops", "by mma", "shared wavefronts", "of the ideal", "problem"];

    public IEnumerable<string[]> Rows => _all.Select(one => one.Cells());

    public void Add(string kernel, KernelProblem problem)
    {
        var profiles = new List<KernelProfile>();
        void Keep(LaunchReport report) => profiles.Add(report.Profile!);
        SoftwareDriver.Launched += Keep;
        try
        {
            problem.Launch();
            context.Synchronize();
        }
        finally
        {
            SoftwareDriver.Launched -= Keep;
        }
        _all.Add(new Counted(kernel, problem.Shape, problem.Bytes, problem.Flops, profiles));
    }

    public void WriteTo(JsonObject json) => json["counts"] = new JsonArray([.. _all.Select(one => (JsonNode)one.ToJson())]);

    private sealed record Counted(string Kernel, string Shape, long Bytes, long Flops, List<KernelProfile> Launches)
    {
        private long CountedFlops => Sum(counts => counts.Flops);

        private long Wavefronts => Sum(counts => counts.SharedWavefronts);

        private long IdealWavefronts => Sum(counts => counts.SharedIdealWavefronts);

        private long Distinct => Launches.Sum(launch => launch.DistinctGlobalBytes);

        private double? MmaShare => CountedFlops == 0 ? null : FlopsOfMma * Sum(counts => counts.Mma) / CountedFlops;

        public string[] Cells() =>
        [
            Kernel, Number(Sum(counts => counts.WarpInstructions)), Number(Sum(counts => counts.GlobalBytes)), Number(Distinct), Number(Bytes),
            Number(CountedFlops), MmaShare is { } share ? string.Create(CultureInfo.InvariantCulture, $"{100 * share:F1} %") : "",
            Number(Wavefronts), IdealWavefronts == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"{(double)Wavefronts / IdealWavefronts:F3}x"), Shape,
        ];

        public JsonObject ToJson() => new()
        {
            ["kernel"] = Kernel,
            ["problem"] = Shape,
            ["bytes_of_problem"] = Bytes,
            ["flops_of_problem"] = Flops,
            ["launches"] = new JsonArray([.. Launches.Select(launch => (JsonNode)launch.Kernel)]),
            ["warp_instructions"] = Sum(counts => counts.WarpInstructions),
            ["bytes_asked_for"] = Sum(counts => counts.GlobalBytes),
            ["bytes_distinct"] = Distinct,
            ["flops"] = CountedFlops,
            ["mma_share_of_flops"] = MmaShare,
            ["shared_wavefronts"] = Wavefronts,
            ["shared_ideal_wavefronts"] = IdealWavefronts,
        };

        private long Sum(Func<ExecutionCounts, long> count) => Launches.Sum(launch => count(launch.Total));

        private static string Number(long count) => count.ToString(CultureInfo.InvariantCulture);
    }
}
