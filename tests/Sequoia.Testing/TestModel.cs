using Sequoia.Native.Backends;
using Sequoia.Native.Backends.Cpu;
using Sequoia.Native.Models;

namespace Sequoia.Testing;

/// <summary>A model folder loaded straight onto a CPU backend of a chosen kernel table and thread count; streamed, if options say how.</summary>
internal sealed class TestModel : IDisposable
{
    private readonly ModelFiles _files;
    private readonly CpuBackend _backend;

    public TestModel(string folder, string kernels = "", int threads = 2) : this(folder, CpuKernels.Choose(kernels), threads)
    {
    }

    public TestModel(string folder, CpuKernels kernels, int threads, StreamOptions? stream = null)
    {
        LlamaConfig config = LlamaConfig.Read(System.IO.Path.Combine(folder, "config.json"));
        _files = new ModelFiles(folder);
        var tensors = new LlamaTensors(_files, config);
        _backend = new CpuBackend(threads, kernels, stream is null ? null : new CpuWeightStream(tensors, stream));
        Llama = new Llama(_backend, config, tensors);
    }

    public Llama Llama { get; }

    public static string Stories260K => SharedData.Path("stories260K", "hf");

    public static IEnumerable<string> KernelTables => CpuKernels.Table.Where(t => t.Supported).Select(t => t.Name);

    public void Dispose()
    {
        _backend.Dispose();
        _files.Dispose();
    }
}
