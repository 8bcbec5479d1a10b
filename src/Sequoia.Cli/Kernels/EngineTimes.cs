using System.Globalization;
using System.Text.Json.Nodes;
using Sequoia.Interop;
using Sequoia.Native.Backends.Cuda.Checks;

namespace Sequoia.Cli.Kernels;

/// <summary>The times of the engine's kernels on a GPU, next to its peak copy and multiply rates, measured in the same run.</summary>
internal sealed class EngineTimes : IEngineMeasure
{
    private readonly CudaContext _context;
    private readonly BenchmarkOptions _options;
    private readonly double _copyRate;
    private readonly double? _mmaRate;
    private readonly List<Timed> _all = [];

    public EngineTimes(CudaContext context, CudaCompiler compiler, BenchmarkOptions options)
    {
        (_context, _options) = (context, options);
        var ceilings = new Ceilings(context, compiler);
        _copyRate = ceilings.CopyRate();
        _mmaRate = Ceilings.HasMma(context.Device) ? ceilings.MmaRate() : null;
    }

    public string About => $"{_context.Device.Name}: copies {Text(_copyRate / 1e9)} GB/s"
        + (_mmaRate is { } rate ? $", multiplies {Text(rate / 1e12)} TFLOP/s by mma" : "") + "; medians, and the 5 % and 95 % points";

    public string[] Heads => ["kernel", "us", "5 %", "95 %", "GB/s", "of copying", "TFLOP/s", "of mma", "problem"];

    public IEnumerable<string[]> Rows => _all.Select(one => one.Cells(_copyRate, _mmaRate));

    public void Add(string kernel, KernelProblem problem) =>
        _all.Add(new Timed(kernel, problem.Shape, problem.Bytes, problem.Flops, _context.Benchmark(problem.Launch, _options)));

    public void WriteTo(JsonObject json)
    {
        json["title"] = _context.Device.Name;
        json["copy_bytes_per_second"] = _copyRate;
        json["mma_flops_per_second"] = _mmaRate;
        json["times"] = new JsonArray([.. _all.Select(one => (JsonNode)one.ToJson())]);
    }

    private static string Text(double number) => number.ToString("F2", CultureInfo.InvariantCulture);

    private sealed record Timed(string Kernel, string Shape, long Bytes, long Flops, BenchmarkTimes Times)
    {
        public string[] Cells(double copyRate, double? mmaRate)
        {
            double moved = Bytes / Times.Median.TotalSeconds, computed = Flops / Times.Median.TotalSeconds;
            return
            [
                Kernel, Text(Times.Median.TotalMicroseconds), Text(Times.Low.TotalMicroseconds), Text(Times.High.TotalMicroseconds),
                Text(moved / 1e9), $"{Text(100 * moved / copyRate)} %",
                Flops == 0 ? "" : Text(computed / 1e12), Flops > 0 && mmaRate is { } rate ? $"{Text(100 * computed / rate)} %" : "", Shape,
            ];
        }

        public JsonObject ToJson()
        {
            JsonObject json = TimesJson.Of(Times);
            json["kernel"] = Kernel;
            json["problem"] = Shape;
            json["bytes_of_problem"] = Bytes;
            json["flops_of_problem"] = Flops;
            return json;
        }
    }
}

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
