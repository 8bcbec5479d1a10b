using System.Text.RegularExpressions;

namespace Sequoia.Native.Models;

/// <summary>Finds a model's files from the path that a user gives. If they are missing, reports what is there instead.</summary>
internal static partial class ModelFolder
{
    public const string SingleFile = "model.safetensors";
    public const string IndexFile = "model.safetensors.index.json";

    private const string Need = "safetensors in Hugging Face's layout are needed";

    /// <summary>
    /// The folder with the files: the path itself, or the snapshot in a folder of Hugging Face's cache (models--org--name), which contains
    /// snapshots/COMMIT and the commit in refs/main.
    /// </summary>
    /// <exception cref="ModelFileException">A cache has several snapshots and does not indicate which one to use.</exception>
    public static string Resolve(string path)
    {
        string all = Path.Combine(path, "snapshots");
        if (!Directory.Exists(all) || File.Exists(Path.Combine(path, "config.json")))
            return path;
        string reference = Path.Combine(path, "refs", "main");
        if (File.Exists(reference) && SnapshotOf(all, reference) is { } main)
            return main;
        string[] snapshots = [.. Directory.GetDirectories(all).Order(StringComparer.Ordinal)];
        return snapshots switch
        {
            [var only] => only,
            [] => throw new ModelFileException(path, "is a folder of Hugging Face's cache without a snapshot; download the model again"),
            _ => throw new ModelFileException(path, $"is a folder of Hugging Face's cache with {snapshots.Length} snapshots; name one, such as {snapshots[0]}"),
        };
    }

    /// <summary>Rejects a path that is not a folder, or a folder without loadable weights.</summary>
    /// <exception cref="ModelFileException">The message says what is there and what to do.</exception>
    public static void Require(string folder)
    {
        if (File.Exists(folder))
            throw new ModelFileException(folder, IsGguf(folder) ? $"is a GGUF file; {Need}: name the folder of the model that it was made from" : "is a file; name the folder that holds it");
        if (!Directory.Exists(folder))
            throw new ModelFileException(folder, "there is no such folder; a Hugging Face model folder is expected");
        if (!HasWeights(folder))
            throw new ModelFileException(folder, Instead(FilesOf(folder)));
    }

    /// <summary>A path for messages and a file to open: the one file of weights, or null if shards have an index.</summary>
    public static string? Single(string folder) => Path.Combine(folder, SingleFile) is var file && (File.Exists(file) || !File.Exists(Path.Combine(folder, IndexFile))) ? file : null;

    /// <summary>A note to the user about the choice of files; null if there is none.</summary>
    public static string? Note(string folder) => File.Exists(Path.Combine(folder, SingleFile)) && File.Exists(Path.Combine(folder, IndexFile))
        ? $"{SingleFile} is used, and the shards of {IndexFile} are not" : null;

    private static bool HasWeights(string folder) => File.Exists(Path.Combine(folder, SingleFile)) || File.Exists(Path.Combine(folder, IndexFile));

    private static string[] FilesOf(string folder)
    {
        try
        {
            return [.. Directory.GetFiles(folder).Select(Path.GetFileName).OfType<string>().Order(StringComparer.Ordinal)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelFileException(folder, $"cannot be read ({e.Message.ReplaceLineEndings(" ")})", e);
        }
    }

    private static string? SnapshotOf(string all, string reference)
    {
        try
        {
            string commit = File.ReadAllText(reference).Trim();
            // The name must not lead out of the folder.
            return commit.Length > 0 && commit == Path.GetFileName(commit) && commit is not ("." or "..") && Directory.Exists(Path.Combine(all, commit)) ? Path.Combine(all, commit) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string Instead(string[] files)
    {
        string? Find(Func<string, bool> isSuch) => Array.Find(files, file => isSuch(file));
        bool Ends(string file, string end) => file.EndsWith(end, StringComparison.OrdinalIgnoreCase);
        if (Find(file => Shard().IsMatch(file)) is { } shard)
            return $"has {shard} but no {IndexFile}, which says what the shards hold; download the index too";
        if (Find(file => file is "adapter_model.safetensors" or "adapter_model.bin" or "adapter_config.json") is { } adapter)
            return $"has {adapter}, a LoRA adapter; merge it into its base model (merge_and_unload in PEFT) and name the folder of the result";
        if (Find(file => file.StartsWith("consolidated.", StringComparison.Ordinal)) is { } consolidated)
            return $"has {consolidated}, the weights in Meta's own layout; {Need}: download the model's Hugging Face files";
        if (Find(file => Ends(file, ".gguf")) is { } gguf)
            return $"has {gguf}, a GGUF file; {Need}: name the folder of the model that it was made from";
        if (Find(file => file.StartsWith("pytorch_model", StringComparison.Ordinal) || Ends(file, ".bin") || Ends(file, ".pt") || Ends(file, ".pth")) is { } pickled)
            return $"has {pickled}, weights in PyTorch's format; {Need}: download them, or convert with save_pretrained(..., safe_serialization=True)";
        if (Find(file => Ends(file, ".safetensors")) is { } other)
            return $"has {other} but no {SingleFile}; rename it if it holds the whole model";
        return $"has no {SingleFile}; name the model's folder, or download its weights";
    }

    private static bool IsGguf(string file)
    {
        try
        {
            using FileStream stream = File.OpenRead(file);
            byte[] magic = new byte[4];
            return stream.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false) == magic.Length && magic.AsSpan().SequenceEqual("GGUF"u8);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    [GeneratedRegex(@"^model-\d+-of-\d+\.safetensors$")]
    private static partial Regex Shard();
}
