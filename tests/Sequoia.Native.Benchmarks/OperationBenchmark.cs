using System.Globalization;
using Sequoia.Native.Execution;
using Sequoia.Native.Execution.Cpu;
using Sequoia.Native.Models;
using Sequoia.Native.Sampling;

namespace Sequoia.Native.Benchmarks;

/// <summary>Where a pass spends its time: every operation of one layer, the head and the sampler, in microseconds.</summary>
internal static class OperationBenchmark
{
    public static void Run(string folder, int prefix, int repeats, int threads)
    {
        LlamaConfig config = LlamaConfig.Read(Path.Combine(folder, "config.json"));
        using var files = new ModelFiles(folder);
        using var backend = new CpuBackend(threads, CpuKernels.Best);
        var model = new Llama(backend, config, new LlamaTensors(files, config));
        const int MaxRows = 16;
        using Activations residual = backend.Allocate(MaxRows, config.HiddenSize), queries = backend.Allocate(MaxRows, config.Heads * config.HeadDim),
            attended = backend.Allocate(MaxRows, config.Heads * config.HeadDim), hidden = backend.Allocate(MaxRows, config.IntermediateSize), logits = backend.Allocate(MaxRows, config.VocabularySize);
        using KvCache cache = backend.AllocateCache(config, prefix + MaxRows);
        RopeTable rope = backend.LoadRope(config, prefix + MaxRows);
        cache.Length = prefix;
        TokenTree star = TokenTree.Chains(MaxRows - 1, 1);
        using TreeState state = backend.AllocateTree(star, config.VocabularySize);
        var rows = TreeRows.All(star);
        var root = new TreeRows(star, [0]);
        rows.Prefix = root.Prefix = prefix;
        LlamaLayer layer = model.Layers[0];
        // Real logits for the sampler: how peaked they are decides how much of it is skipped.
        using var session = new LlamaSession(model, MaxRows, MaxRows, 64);
        session.Forward(state, new TreeRows(star, [.. Enumerable.Range(0, MaxRows)]), LogitRows.All);
        (string Name, Action<int> Run)[] operations =
        [
            ("embed", _ => backend.Embed(model.Embedding, state, rows, residual)),
            ("rms-norm", n => backend.RmsNorm(residual, 0, n, layer.InputNorm, config.RmsNormEpsilon, residual)),
            ("qkv+rope", _ => backend.ProjectQkv(layer.Qkv, residual, rope, cache, 0, state, rows, queries)),
            ("attend", _ => backend.Attend(queries, cache, 0, state, rows, attended)),
            ("o", n => backend.MatMulAdd(layer.O, attended, residual, n)),
            ("gate+up+silu", n => backend.GateUp(layer.GateUp, residual, hidden, n)),
            ("down", n => backend.MatMulAdd(layer.Down, hidden, residual, n)),
            ("head", n => backend.MatMul(model.Head, residual, logits, n)),
            ("draw 1 node", _ => backend.DrawChildren(session.Logits, root, state, new SamplingOptions(0.6f))),
            ("verify", _ => backend.VerifyTree(session.Logits, state.Tree.Size, state, new SamplingOptions(0.6f))),
        ];
        Console.WriteLine($"{backend.Name}, prefix {prefix}, median of {repeats}; microseconds for n rows");
        Console.WriteLine("operation        n=1     n=2     n=4     n=8    n=16");
        foreach ((string name, Action<int> run) in operations)
        {
            Console.Write($"{name,-12}");
            foreach (int n in (int[])[1, 2, 4, 8, 16])
            {
                rows.Count = n;
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
