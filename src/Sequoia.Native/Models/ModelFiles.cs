using System.Text.Json;

namespace Sequoia.Native.Models;

/// <summary>The weights of a model folder: one `model.safetensors`, otherwise the shards listed in `model.safetensors.index.json`.</summary>
internal sealed class ModelFiles : IDisposable
{
    private readonly List<SafetensorsFile> _files = [];
    private readonly Dictionary<string, TensorView> _tensors = new(StringComparer.Ordinal);

    public ModelFiles(string folder)
    {
        Folder = folder;
        try
        {
            if (ModelFolder.Single(folder) is { } single)
                Open(single);
            else
                OpenShards(Path.Combine(folder, ModelFolder.IndexFile));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public string Folder { get; }

    public IReadOnlyDictionary<string, TensorView> Tensors => _tensors;

    /// <summary>The file that holds a tensor, for messages.</summary>
    public string FileOf(string tensor) => _files.FirstOrDefault(f => f.Tensors.ContainsKey(tensor))?.Path ?? Folder;

    public void Dispose() => _files.ForEach(f => f.Dispose());

    private void OpenShards(string indexPath)
    {
        JsonSection map = JsonSection.Read(indexPath).RequiredSection("weight_map");
        var listed = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach ((string tensor, JsonElement value) in map.Members())
        {
            string? file = JsonSection.TextOf(value);
            // A shard's name must not lead out of the folder.
            if (string.IsNullOrEmpty(file) || file != Path.GetFileName(file) || file is "." or "..")
                throw map.Problem(tensor, $"'{file}' is not a file name");
            listed.Add(tensor, file);
        }
        foreach (string file in listed.Values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
            Open(Path.Combine(Folder, file));
        var byName = _files.ToDictionary(file => Path.GetFileName(file.Path), StringComparer.Ordinal);
        foreach ((string tensor, string file) in listed)
        {
            if (!byName[file].Tensors.ContainsKey(tensor))
                throw new ModelFileException(Path.Combine(Folder, file), $"tensor '{tensor}' is missing although {Path.GetFileName(indexPath)} lists it here");
        }
    }

    private void Open(string path)
    {
        var file = new SafetensorsFile(path);
        _files.Add(file);
        foreach ((string name, TensorView tensor) in file.Tensors)
        {
            if (!_tensors.TryAdd(name, tensor))
                throw new ModelFileException(path, $"tensor '{name}' is also in another shard");
        }
    }
}
