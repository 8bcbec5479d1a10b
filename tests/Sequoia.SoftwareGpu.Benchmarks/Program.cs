using Sequoia.SoftwareGpu;
using Sequoia.SoftwareGpu.Benchmarks;

// Lane-instructions a second of two kernels, and what checks, counters and a second thread make of them. Instructions are the dynamic
// count of PTX instructions, as the counters give it. The modes take turns, so that ratios are of the same moment.
const int Rounds = 11;
(string Name, LaunchOptions Options)[] modes =
[
    ("plain", new()),
    ("counters", new() { Counters = true }),
    ("checks", new() { Checks = true }),
    ("checks + counters", new() { Checks = true, Counters = true }),
    ("2 threads", new() { Threads = 2 }),
];
foreach (Workload workload in (Workload[])[Workload.Softmax(), Workload.Gemm()])
{
    long lanes = workload.CountLanes();
    Console.WriteLine($"{workload.Name}: {lanes / 1e6:F1} M lane-instructions; medians of {Rounds} rounds (least to most)");
    double[][] seconds = [.. modes.Select(_ => new double[Rounds])];
    // The first round compiles and is written over.
    for (int round = -1; round < Rounds; round++)
    {
        for (int mode = 0; mode < modes.Length; mode++)
            seconds[mode][Math.Max(0, round)] = workload.Seconds(modes[mode].Options);
    }
    for (int mode = 0; mode < modes.Length; mode++)
    {
        var ratios = new Spread(seconds[mode].Zip(seconds[0], (own, plain) => own / plain));
        var rates = new Spread(seconds[mode].Select(time => lanes / time / 1e9));
        Console.WriteLine($"  {modes[mode].Name,-18} {rates.ToText("F2")} G lane-instr/s   {ratios.ToText("F2")} x plain");
    }
}
