using System.Globalization;
using Sequoia.Native;
using Sequoia.Native.Backends;
using Sequoia.Native.Engine;
using Sequoia.Native.Models;

namespace Sequoia.Cli.Bench;

/// <summary>A model to measure: a folder's, or a published shape with random weights.</summary>
internal sealed class BenchedModel : IDisposable
{
    private readonly IDisposable[] _owned;

    private BenchedModel(string name, Llama llama, int layers, params IDisposable[] owned) => (Name, Llama, Layers, _owned) = (name, llama, layers, owned);

    public string Name { get; }

    public Llama Llama { get; }

    /// <summary>The model's layers. On a device without times only some of them are loaded: they all do the same work, which is counted.</summary>
    public int Layers { get; }

    public static async Task<BenchedModel> LoadAsync(string folder, LoadOptions options, Streams streams, CancellationToken cancellation)
    {
        LanguageModel model = await ModelPair.LoadModelAsync(folder, options, streams, cancellation);
        ModelLease lease = model.Lease();
        return new BenchedModel(Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))), lease.Llama, lease.Llama.Layers.Count, lease, model);
    }

    /// <summary>Loads a shape.</summary>
    /// <param name="option">The option that names it.</param>
    /// <param name="shape">The shape.</param>
    /// <param name="options">The device and its threads.</param>
    /// <param name="streams">Its notes get the progress.</param>
    /// <param name="cancellation">Stops after the current tensor.</param>
    /// <param name="vocabulary">The target's vocabulary size, for a draft.</param>
    /// <exception cref="InvalidInputException">It does not fit.</exception>
    public static Task<BenchedModel> LoadAsync(
        string option, ModelShape shape, LoadOptions options, Streams streams, CancellationToken cancellation, int? vocabulary = null)
    {
        bool isHost = options.Device is "auto" or "cpu", isCounted = options.Device == "software";
        shape = shape with { Vocabulary = vocabulary ?? shape.Vocabulary };
        ModelShape loaded = isCounted ? shape with { Layers = 1 } : shape;
        if (isHost || isCounted)
            RequireMemory(option, loaded, isCounted);
        LlamaConfig config = loaded.ToConfig();
        return WorkProgress.RunAsync(streams, "Loading", 1, report => Task.Run(() => Load(report), cancellation).WaitAsync(cancellation));

        BenchedModel Load(Action<double> report)
        {
            var weights = new SyntheticWeights(config, copied: isHost);
            Backend? backend = null;
            try
            {
                backend = BackendFactory.Create(options, weights.Tensors);
                long done = 0, all = weights.Tensors.All.Sum(tensor => tensor.Bytes);
                var llama = new Llama(backend, config, weights.Tensors, tensor =>
                {
                    cancellation.ThrowIfCancellationRequested();
                    report((double)(done += tensor.Bytes) / all);
                });
                return new BenchedModel(shape.Name, llama, shape.Layers, backend, weights);
            }
            catch
            {
                backend?.Dispose();
                weights.Dispose();
                throw;
            }
        }
    }

    public void Dispose()
    {
        foreach (IDisposable part in _owned)
            part.Dispose();
    }

    // The software GPU's memory is the host's. A GPU checks its own.
    private static void RequireMemory(string option, ModelShape shape, bool isCounted)
    {
        GC.Collect();
        GCMemoryInfo memory = GC.GetGCMemoryInfo();
        long free = Math.Max(0, memory.TotalAvailableMemoryBytes - memory.MemoryLoadBytes);
        if (BytesOf(shape) <= free)
            return;
        string fitting = string.Join(", ", ModelShape.All.Where(other => BytesOf(isCounted ? other with { Layers = 1 } : other) <= free).Select(other => other.Name));
        throw new InvalidInputException(string.Create(
            CultureInfo.InvariantCulture,
            $"{option} {shape.Name}: needs {BytesOf(shape) / 1e9:F1} GB of memory and {free / 1e9:F1} GB are free; {(fitting.Length > 0 ? fitting : "no known shape")} would fit"));
    }

    private static long BytesOf(ModelShape shape) => sizeof(ushort) * (shape.Parameters + SyntheticWeights.LargestMatrix(shape.ToConfig()));
}
