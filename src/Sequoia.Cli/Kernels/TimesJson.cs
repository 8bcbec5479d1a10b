using System.Text.Json.Nodes;
using Sequoia.Interop;

namespace Sequoia.Cli.Kernels;

/// <summary>Times on a GPU, as JSON.</summary>
internal static class TimesJson
{
    public static JsonObject Of(BenchmarkTimes times) => new()
    {
        ["median_us"] = times.Median.TotalMicroseconds,
        ["p5_us"] = times.Low.TotalMicroseconds,
        ["p95_us"] = times.High.TotalMicroseconds,
        ["runs"] = times.All.Count,
    };
}
