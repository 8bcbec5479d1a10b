using Sequoia.Native.Backends;
using Sequoia.Native.Backends.Cpu;
using Sequoia.Native.Models;

namespace Sequoia.Native.Benchmarks;

/// <summary>A model on a CPU backend of its own, for benchmarks of the decoder.</summary>
internal sealed class CpuModel : IDisposable
{
    private readonly ModelFiles _files;
    private readonly CpuBackend _backend;

    public CpuModel(string folder, int threads)
    {
        LlamaConfig config = LlamaConfig.Read(Path.Combine(folder, "config.json"));
        _files = new ModelFiles(folder);
        _backend = new CpuBackend(threads, CpuKernels.Best);
        var tensors = new LlamaTensors(_files, config);
        Llama = new Llama(_backend, config, tensors);
        // Of the embedding a pass reads some rows, unless it is also the head.
        Bytes = tensors.Matrices.Skip(config.TiedEmbeddings ? 0 : 1).Distinct().Sum(matrix => (double)matrix.Rows * matrix.Columns * matrix.Type.Size());
    }

    public Llama Llama { get; }

    /// <summary>The bytes of weights that a pass reads.</summary>
    public double Bytes { get; }

    public void Dispose()
    {
        _backend.Dispose();
        _files.Dispose();
    }
}
