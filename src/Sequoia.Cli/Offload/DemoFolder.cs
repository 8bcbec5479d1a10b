using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Sequoia.Native;
using Sequoia.Native.Models;

namespace Sequoia.Cli.Offload;

/// <summary>
/// A folder for a pair of demonstration models: writes what is missing, after asking, and removes what it wrote. Files have their names only when they
/// are complete, so an interrupted run leaves nothing that loads, and the next one continues.
/// </summary>
internal sealed class DemoFolder
{
    public const string TargetName = "target", DraftName = "draft";

    /// <summary>What remains free on the disk.</summary>
    public const long ReservedBytes = 1_000_000_000;

    // The version of what is written, to be raised with every change of its bytes: another version's files are not continued.
    private const int Format = 1;

    private const string Acceptance = "acceptance.json";

    private readonly string _path;
    private readonly DemoPair _pair;
    private readonly Func<string, long> _freeBytes;
    private readonly IReadOnlyList<SyntheticFile> _weights;
    private readonly IReadOnlyList<(string Path, string Text)> _texts;

    /// <param name="path">The folder, which need not exist.</param>
    /// <param name="pair">The models.</param>
    /// <param name="freeBytes">The free bytes of the disk of a folder; null asks the system.</param>
    /// <exception cref="InvalidInputException">The folder holds something else.</exception>
    public DemoFolder(string path, DemoPair pair, Func<string, long>? freeBytes = null)
    {
        (_path, _pair, _freeBytes) = (path, pair, freeBytes ?? FreeBytes);
        CheckContent();
        IReadOnlyList<SyntheticFile> target = pair.Target.Files(Target, pair.ShardBytes), draft = pair.Draft.Files(Draft, pair.ShardBytes);
        _weights = [.. draft, .. target];
        _texts =
        [
            (Path.Combine(Draft, Acceptance), AcceptanceText()),
            .. Texts(Draft, pair.Draft, draft),
            .. Texts(Target, pair.Target, target),
        ];
    }

    /// <summary>The target's folder.</summary>
    public string Target => Path.Combine(_path, TargetName);

    /// <summary>The draft's folder.</summary>
    public string Draft => Path.Combine(_path, DraftName);

    /// <summary>The bytes of both models.</summary>
    public long Bytes => _weights.Sum(file => file.Length) + _texts.Sum(file => (long)file.Text.Length);

    /// <summary>Writes what is missing.</summary>
    /// <param name="streams">Its notes get the question and the progress; the answer comes from the standard input.</param>
    /// <param name="isAgreed">Whether the disk space is granted already, so that nobody is asked.</param>
    /// <param name="cancellation">Stops within one write.</param>
    /// <returns>Whether both models are complete: false if the answer was no.</returns>
    /// <exception cref="InvalidInputException">The disk has too little room or cannot be written, or nobody can be asked.</exception>
    public async Task<bool> WriteAsync(Streams streams, bool isAgreed, CancellationToken cancellation)
    {
        (string Path, string Text)[] texts = [.. _texts.Where(file => !IsKept(file.Path, file.Text))];
        long missing = Guarded(() => _weights.Sum(file => file.Length - file.KeptBytes));
        if (missing == 0 && texts.Length == 0)
            return true;
        missing += texts.Sum(file => (long)file.Text.Length);
        if (!IsGranted(missing, streams, isAgreed))
            return false;

        MakeFolders();
        var watch = Stopwatch.StartNew();
        await WorkProgress.RunAsync(streams, "Writing", missing, async done =>
        {
            long written = 0;
            foreach (SyntheticFile file in _weights)
                await Task.Run(() => file.WriteAsync(bytes => done(written += bytes), cancellation), CancellationToken.None);
            // After the weights: a folder with a config is a whole model.
            foreach ((string path, string text) in texts)
                OutputFile.Write(path, text);
            return written;
        }, isBytes: true);
        await streams.Notes.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture, $"sequoia: wrote {Size(missing)} in {watch.Elapsed.TotalSeconds:F1} s"));
        return true;
    }

    /// <summary>Removes the files that <see cref="WriteAsync"/> writes, and the folders that are then empty.</summary>
    /// <param name="path">The folder.</param>
    /// <returns>The bytes that are free now, and another file that is left; null if there is none.</returns>
    /// <exception cref="InvalidInputException">The folder was not written by this command, or a file cannot be removed.</exception>
    public static (long Freed, string? Left) Clean(string path)
    {
        DemoMarker marker = DemoMarker.Read(path)
            ?? throw new InvalidInputException($"{path}: has no {DemoMarker.FileName}, so these are no demonstration models; nothing is removed");
        return Guarded(() =>
        {
            long freed = 0;
            foreach (string file in marker.Files.Select(name => Path.Combine(path, name)).SelectMany(name => (string[])[name, SyntheticFile.PartialPathOf(name)]))
            {
                if (!File.Exists(file))
                    continue;
                freed += new FileInfo(file).Length;
                File.Delete(file);
            }
            RemoveIfEmpty(Path.Combine(path, TargetName));
            RemoveIfEmpty(Path.Combine(path, DraftName));
            // Last, so that an interrupted removal can be repeated.
            File.Delete(Path.Combine(path, DemoMarker.FileName));
            string? left = Directory.EnumerateFileSystemEntries(path).FirstOrDefault();
            if (marker.MadeFolder)
                RemoveIfEmpty(path);
            return (freed, left);
        });
    }

    /// <summary>A number of bytes for people.</summary>
    public static string Size(long bytes) => bytes < 1_000_000_000
        ? string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling(bytes / 1e6)} MB")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:F1} GB");

    private static IEnumerable<(string Path, string Text)> Texts(string folder, SyntheticModel model, IReadOnlyList<SyntheticFile> files)
    {
        yield return (Path.Combine(folder, "tokenizer.json"), JsonText.Of(DemoTokenizer.Json(model.Shape.Vocabulary)));
        yield return (Path.Combine(folder, "config.json"), JsonText.Of(model.Config()));
        if (files.Count > 1)
            yield return (Path.Combine(folder, ModelFolder.IndexFile), JsonText.Of(SyntheticModel.Index(files)));
    }

    private string AcceptanceText()
    {
        JsonObject json = _pair.Provenance();
        json.Insert(0, "p", new JsonArray([.. _pair.Acceptance.Select(p => (JsonNode)p)]));
        return JsonText.Of(json);
    }

    private void CheckContent()
    {
        if (File.Exists(_path))
            throw new InvalidInputException($"{_path}: is a file; name a folder");
        if (DemoMarker.Read(_path) is { } marker)
        {
            if (marker.Format != Format)
                throw new InvalidInputException($"{_path}: holds demonstration models of another version of sequoia; sequoia demo-models DIR --clean removes them");
            if (marker.Pair != _pair.Name)
                throw new InvalidInputException($"{_path}: holds the demonstration models {marker.Pair}, not {_pair.Name}; sequoia demo-models DIR --clean removes them");
        }
        else if (Guarded(() => Directory.Exists(_path) ? Directory.EnumerateFileSystemEntries(_path).FirstOrDefault() : null) is { } other)
        {
            throw new InvalidInputException($"{_path}: holds other files ({Path.GetFileName(other)}); name a new or empty folder");
        }
    }

    private bool IsGranted(long missing, Streams streams, bool isAgreed)
    {
        long free = Guarded(() => _freeBytes(_path));
        if (free < missing + ReservedBytes)
        {
            throw new InvalidInputException(
                $"{_path}: {Size(missing)} are to be written and {Size(ReservedBytes)} must remain, but {Size(free)} are free; name a folder on another disk");
        }
        if (isAgreed)
            return true;
        if (StandardInput.IsRedirected || Console.IsErrorRedirected)
            throw new InvalidInputException($"--yes: is missing; nobody can be asked whether {Size(missing)} may be written to {_path}");
        streams.Notes.Write($"The models take {Size(missing)} in {_path}, where {Size(free)} are free. Write them? [y/N] ");
        return InputWait.Run(Console.ReadLine)?.Trim() is "y" or "Y" or "yes" or "Yes";
    }

    private void MakeFolders()
    {
        bool exists = Directory.Exists(_path);
        OutputFile.MakeFolder(_path);
        if (DemoMarker.Read(_path) is null)
            new DemoMarker(Format, _pair.Name, !exists, [.. _weights.Select(file => Relative(file.Path)), .. _texts.Select(file => Relative(file.Path))]).Write(_path);
        OutputFile.MakeFolder(Draft);
        OutputFile.MakeFolder(Target);
    }

    private static string Relative(string file) => $"{Path.GetFileName(Path.GetDirectoryName(file))}/{Path.GetFileName(file)}";

    // A vector that the user has measured is not replaced.
    private static bool IsKept(string path, string text) =>
        Guarded(() => File.Exists(path) && (Path.GetFileName(path) == Acceptance || File.ReadAllText(path) == text));

    private static void RemoveIfEmpty(string folder)
    {
        if (Directory.Exists(folder) && !Directory.EnumerateFileSystemEntries(folder).Any())
            Directory.Delete(folder);
    }

    private static long FreeBytes(string folder)
    {
        string existing = Path.GetFullPath(folder);
        while (!Directory.Exists(existing) && Path.GetDirectoryName(existing) is { } parent)
            existing = parent;
        return new DriveInfo(existing).AvailableFreeSpace;
    }

    private static T Guarded<T>(Func<T> access)
    {
        try
        {
            return access();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{e.Message.ReplaceLineEndings(" ")}", e);
        }
    }
}
