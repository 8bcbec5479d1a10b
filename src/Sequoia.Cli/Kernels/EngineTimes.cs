using System.Globalization;
using System.Text.Json.Nodes;
using Sequoia.Interop;
using Sequoia.Native.Backends.Cuda.Checks;

namespace Sequoia.Cli.Kernels;

/// <summary>The times of the engine's kernels on a GPU, next to its peak read and multiply rates, measured in the same run.</summary>
internal sealed class EngineTimes : IEngineMeasure
{
    private readonly CudaContext _context;
    private readonly BenchmarkOptions _options;
    private readonly double _readRate;
    private readonly double? _mmaRate;
    private readonly List<Timed> _all = [];

    public EngineTimes(CudaContext context, CudaCompiler compiler, BenchmarkOptions options)
    {
        (_context, _options) = (context, options);
        var ceilings = new Ceilings(context, compiler);
        _readRate = ceilings.ReadRate();
        _mmaRate = Ceilings.HasMma(context.Device) ? ceilings.MmaRate() : null;
    }

    public string About => $"{_context.Device.Name}: reads {Text(_readRate / 1e9)} GB/s"
        + (_mmaRate is { } rate ? $", multiplies {Text(rate / 1e12)} TFLOP/s by mma" : "") + "; medians, and the 5 % and 95 % points";

    public string[] Heads => ["kernel", "us", "5 %", "95 %", "GB/s", "of reading", "TFLOP/s", "of mma", "problem"];

    public IEnumerable<string[]> Rows => _all.Select(one => one.Cells(_readRate, _mmaRate));

    public void Add(string kernel, KernelProblem problem) =>
        _all.Add(new Timed(kernel, problem.Shape, problem.Bytes, problem.Flops, _context.Benchmark(problem.Launch, _options)));

    public void WriteTo(JsonObject json)
    {
        json["title"] = _context.Device.Name;
        json["read_bytes_per_second"] = _readRate;
        json["mma_flops_per_second"] = _mmaRate;
        json["times"] = new JsonArray([.. _all.Select(one => (JsonNode)one.ToJson())]);
    }

    private static string Text(double number) => number.ToString("F2", CultureInfo.InvariantCulture);

    private sealed record Timed(string Kernel, string Shape, long Bytes, long Flops, BenchmarkTimes Times)
    {
        public string[] Cells(double readRate, double? mmaRate)
        {
            double moved = Bytes / Times.MedianSeconds, computed = Flops / Times.MedianSeconds;
            return
            [
                Kernel, Text(1e6 * Times.MedianSeconds), Text(1e6 * Times.LowSeconds), Text(1e6 * Times.HighSeconds),
                Text(moved / 1e9), $"{Text(100 * moved / readRate)} %",
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
        ["median_us"] = 1e6 * times.MedianSeconds,
        ["p5_us"] = 1e6 * times.LowSeconds,
        ["p95_us"] = 1e6 * times.HighSeconds,
        ["runs"] = times.All.Count,
    };
}
