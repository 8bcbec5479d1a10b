using System.Diagnostics;
using System.Globalization;
using Sequoia.Native.Engine;
using Sequoia.Native.Sampling;

namespace Sequoia.Native.Benchmarks;

/// <summary>
/// Tokens a second of B sequences that decode in step, beside one alone. Weights are read once a pass whatever B is, so as long as memory is
/// the limit a batch costs what one sequence costs.
/// </summary>
internal static class BatchBenchmark
{
    public static void Run(string targetFolder, string draftFolder, string tree, int steps, int repeats, int threads)
    {
        using CpuModel target = new(targetFolder, threads), draft = new(draftFolder, threads);
        TokenTree shape = TreePolicy.Parse(tree).Resolve(null);
        double bandwidth = MachineLimits.ReadBandwidth(threads);
        double bytes = target.Bytes + (shape.Size == 1 ? 0 : draft.Bytes * (shape.Levels - 1));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{target.Llama.Backend.Name}; tree {tree}; read bandwidth {bandwidth / 1e9:F1} GB/s, {bytes / 1e6:F0} MB of weights a step; {steps} steps, median of {repeats}"));
        Console.WriteLine("   B   ms a step  of read   tokens/s   beside one");
        double alone = 0;
        foreach (int count in (int[])[1, 2, 3, 4, 8])
        {
            using var decoder = new Decoder(target.Llama, draft.Llama, [.. Enumerable.Repeat(shape, count)], 256);
            List<(double Seconds, double Tokens)> runs = [];
            for (int repeat = 0; repeat < repeats; repeat++)
            {
                for (int i = 0; i < count; i++)
                    decoder.Start(i, [1, 306 + i, 278, 700 + i], new SamplingOptions(0.6f), (ulong)i, default);
                decoder.Step();
                int before = decoder.Sequences.Sum(sequence => sequence.Committed);
                long start = Stopwatch.GetTimestamp();
                for (int step = 0; step < steps; step++)
                    decoder.Step();
                runs.Add((Stopwatch.GetElapsedTime(start).TotalSeconds, decoder.Sequences.Sum(sequence => sequence.Committed) - before));
            }
            (double seconds, double tokens) = runs.OrderBy(run => run.Seconds).ElementAt(repeats / 2);
            alone = count == 1 ? tokens / seconds : alone;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{count,4} {1e3 * seconds / steps,11:F2} {bytes * steps / seconds / bandwidth,8:P0} {tokens / seconds,10:F1} {tokens / seconds / alone,11:F2}x"));
        }
    }
}
