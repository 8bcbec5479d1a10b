using Sequoia.Cli.Bench;
using Sequoia.Native;
using Sequoia.Native.Backends.Cpu;
using Sequoia.Native.Backends.Streaming;
using Sequoia.Native.Models;

namespace Sequoia.Cli.Offload;

/// <summary>A model to plan for: from a folder, whose headers are read, or from a shape's name, as BF16.</summary>
internal sealed class PlannedModel : IDisposable
{
    private readonly ModelFiles? _files;

    private PlannedModel(string name, LlamaConfig config, LlamaTensors tensors, ModelFiles? files) => (Name, Config, Tensors, _files) = (name, config, tensors, files);

    public string Name { get; }

    public LlamaConfig Config { get; }

    public LlamaTensors Tensors { get; }

    public TensorType Type => Tensors.Head.Type;

    public bool HasFiles => _files is not null;

    public long Parameters => Tensors.All.Sum(tensor => (long)tensor.Rows * tensor.Columns);

    /// <exception cref="ModelFileException">A file is missing or damaged.</exception>
    public static PlannedModel OfFolder(string path)
    {
        string folder = ModelFolder.Resolve(path);
        ModelFolder.Require(folder);
        LlamaConfig config = LlamaConfig.Read(Path.Combine(folder, "config.json"));
        var files = new ModelFiles(folder);
        try
        {
            return new PlannedModel(ModelIdentity.Name(folder), config, new LlamaTensors(files, config), files);
        }
        catch
        {
            files.Dispose();
            throw;
        }
    }

    public static PlannedModel OfShape(ModelShape shape)
    {
        LlamaConfig config = shape.ToConfig();
        return new PlannedModel(shape.Name, config, new LlamaTensors(config, (name, extents) => new TensorView(name, TensorType.BF16, extents, 0)), null);
    }

    public WeightChunks Chunks() => new(Tensors, WeightChunks.DefaultBytes, CpuMatrix.HasWholeChunks);

    public void Dispose() => _files?.Dispose();
}
