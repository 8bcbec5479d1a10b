using System.Globalization;
using Sequoia.Native.Backends;
using Sequoia.Native.Backends.Cpu;
using Sequoia.Native.Models;

namespace Sequoia.Native.Benchmarks;

/// <summary>t(n): the time of one target pass over n tokens behind a prefix, beside the limits of memory and arithmetic.</summary>
internal static class DecodeBenchmark
{
    public static void Run(string folder, int prefix, int repeats, int threads)
    {
        double bandwidth = MachineLimits.ReadBandwidth(threads), flops = MachineLimits.PeakFlops(threads);
        LlamaConfig config = LlamaConfig.Read(Path.Combine(folder, "config.json"));
        using var files = new ModelFiles(folder);
        using var backend = new CpuBackend(threads, CpuKernels.Best);
        var model = new Llama(backend, config, new LlamaTensors(files, config));
        // The embedding is looked up, not multiplied, unless it is also the head.
        long perToken = files.Tensors.Values.Where(t => t.Shape.Length == 2).Sum(t => (long)t.Rows * t.Columns)
            - (config.TiedEmbeddings ? 0 : (long)config.VocabularySize * config.HiddenSize);
        double bytes = perToken * files.Tensors["model.embed_tokens.weight"].Type.Size();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{backend.Name}; read bandwidth {bandwidth / 1e9:F1} GB/s, fp32 peak {flops / 1e9:F0} GFLOP/s; {bytes / 1e6:F0} MB and {2e-9 * perToken:F3} GFLOP a token; prefix {prefix}, median of {repeats}"));
        double first = 0;
        Console.WriteLine("   n      ms    t(n)   GB/s  of read   GFLOP/s  of peak");
        foreach (int n in (int[])[1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 24, 32, 48, 64])
        {
            double seconds = PassTime.Measure(model, n, prefix, repeats);
            first = n == 1 ? seconds : first;
            double rate = 2.0 * perToken * n / seconds;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{n,4} {1e3 * seconds,7:F3} {seconds / first,7:F2} {bytes / seconds / 1e9,6:F1} {bytes / seconds / bandwidth,7:P0} {rate / 1e9,9:F0} {rate / flops,8:P0}"));
        }
    }
}
