using System.Diagnostics;
using System.Globalization;
using Sequoia.Native.Backends;
using Sequoia.Native.Backends.Cpu;
using Sequoia.Native.Models;

namespace Sequoia.Native.Benchmarks;

/// <summary>Where a pass spends its time: every operation of one layer, the head and the sampler, in microseconds.</summary>
internal static class OperationBenchmark
{
    private static readonly int[] Sizes = [1, 2, 4, 8, 16];

    public static void Run(string folder, int prefix, int repeats, int threads)
    {
        LlamaConfig config = LlamaConfig.Read(Path.Combine(folder, "config.json"));
        using var files = new ModelFiles(folder);
        using var backend = new CpuBackend(threads, CpuKernels.Best);
        var model = new Llama(backend, config, new LlamaTensors(files, config));
        const int MaxRows = 16;
        using var time = new PassTime(model, TokenTree.Chains(MaxRows - 1, 1), prefix);
        using RopeTable rope = backend.LoadRope(config, prefix + MaxRows);
        (WorkQueue queue, Workspace at) = (time.Queue, time.Forward.Workspace);
        LlamaLayer layer = model.Layers.Layer(queue, 0);
        // Real logits for the sampler: how peaked they are decides how much of it is skipped.
        time.Forward.Run(queue, time.Pass);
        Dictionary<int, Pass> passes = Sizes.ToDictionary(n => n, n => time.PassOver(model, n));
        Pass root = passes[1];
        (string Name, Action<int> Run)[] operations =
        [
            ("embed", n => backend.Embed(queue, model.Embedding, passes[n], at.Residual)),
            ("rms-norm", n => backend.RmsNorm(queue, at.Residual, 0, n, layer.InputNorm, config.RmsNormEpsilon, at.Normed)),
            ("qkv+rope", n => backend.ProjectQkv(queue, layer.Qkv, at.Normed, rope, time.Pool, 0, passes[n], at.Queries)),
            ("attend", n => backend.Attend(queue, at.Queries, time.Pool, 0, passes[n], at.Attended)),
            ("o", n => backend.MatMulAdd(queue, layer.O, at.Attended, at.Residual, n)),
            ("gate+up+silu", n => backend.GateUp(queue, layer.GateUp, at.Normed, at.Hidden, n)),
            ("down", n => backend.MatMulAdd(queue, layer.Down, at.Hidden, at.Residual, n)),
            ("draw 1 node", _ => backend.DrawChildren(queue, at, root)),
            ("verify", _ => backend.VerifyTrees(queue, at, at, time.Pass)),
            ("head", n => backend.MatMul(queue, model.Head, at.Normed, at.Logits, 0, n)),
        ];
        // Until the compiler has made its last version of every method.
        for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start).TotalSeconds < 1;)
        {
            foreach ((_, Action<int> run) in operations)
                run(1);
        }
        Console.WriteLine($"{backend.Name}, prefix {prefix}, median of {repeats}; microseconds for n rows");
        Console.WriteLine("operation        n=1     n=2     n=4     n=8    n=16");
        foreach ((string name, Action<int> run) in operations)
        {
            Console.Write($"{name,-12}");
            foreach (int n in Sizes)
            {
                double seconds = MachineLimits.Median(repeats, () =>
                {
                    for (int i = 0; i < 20; i++)
                        run(n);
                });
                Console.Write(string.Create(CultureInfo.InvariantCulture, $"{seconds / 20 * 1e6,8:F1}"));
            }
            Console.WriteLine();
        }
    }
}
