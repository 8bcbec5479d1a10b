using System.Diagnostics;
using System.Globalization;
using Sequoia.Native.Engine;
using Sequoia.Native.Sampling;

namespace Sequoia.Native.Benchmarks;

/// <summary>
/// Tokens a second of one sequence without the machine's noise: every repeat generates the same text, and each step counts with the least time
/// that it ever took. What is left differs by about a percent between two runs, so commits can be compared.
/// </summary>
internal static class StepBenchmark
{
    public static void Run(string targetFolder, string draftFolder, string[] trees, int steps, int repeats, int threads)
    {
        using CpuModel target = new(targetFolder, threads), draft = new(draftFolder, threads);
        Console.WriteLine($"{target.Llama.Backend.Name}; {steps} steps, each the least of {repeats}");
        foreach (string tree in trees)
        {
            using var decoder = new Decoder(target.Llama, draft.Llama, TreePolicy.Parse(tree).Resolve(null), 1024);
            long[] least = new long[steps];
            Array.Fill(least, long.MaxValue);
            int tokens = 0;
            for (int repeat = 0; repeat < repeats; repeat++)
            {
                decoder.Start([1, 306, 278, 700], new SamplingOptions(0), 1, default);
                tokens = 0;
                for (int step = 0; step < steps; step++)
                {
                    long start = Stopwatch.GetTimestamp();
                    tokens += decoder.Step().Length;
                    least[step] = Math.Min(least[step], Stopwatch.GetTimestamp() - start);
                }
            }
            double seconds = least.Sum() / (double)Stopwatch.Frequency;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{tree,-14} {1e6 * seconds / steps,8:F1} us a step {tokens / seconds,8:F1} tokens/s"));
        }
    }
}
