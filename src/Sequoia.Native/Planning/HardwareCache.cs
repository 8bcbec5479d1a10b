using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Sequoia.Interop;
using Sequoia.Native.Diagnostics;

namespace Sequoia.Native;

/// <summary>
/// Keeps measured costs between runs: one small JSON file per key. A file that is damaged, old, of another format or of another key is
/// ignored. Costs that cannot be written are kept for the life of the process, so that one process never decides twice by different costs.
/// </summary>
/// <param name="folder">The folder of the files; null: next to the compiled kernels, in the user's cache folder.</param>
/// <param name="logger">Receives the reason why a file was ignored or cannot be written.</param>
internal sealed class HardwareCache(string? folder, ILogger logger)
{
    private static readonly ConcurrentDictionary<string, HardwareCosts> s_unwritten = new(StringComparer.Ordinal);

    private readonly string _folder = folder ?? Path.GetDirectoryName(KernelCache.Default.Folder)!;

    private const int Format = 1;

    /// <summary>Older measurements are repeated: drivers, firmware and other load change.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(30);

    /// <summary>The cache for pairs with this target.</summary>
    public static HardwareCache Of(LanguageModel target) => new(target.CacheFolder, target.Logger);

    /// <summary>The path of a key's costs.</summary>
    public string FileOf(HardwareKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return Path.Combine(_folder, $"costs-{key.Hash}.json");
    }

    /// <summary>The stored costs; null if there are none to trust.</summary>
    public HardwareCosts? Find(HardwareKey key)
    {
        string file = FileOf(key);
        if (s_unwritten.TryGetValue(file, out HardwareCosts? unwritten))
            return unwritten;
        if (!File.Exists(file))
            return null;
        try
        {
            using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(file));
            HardwareCosts costs = Read(json.RootElement);
            if (costs.Key != key)
                return Ignore("it is of another pair or machine");
            return DateTimeOffset.UtcNow - costs.Date > Lifetime ? Ignore($"it is more than {Lifetime.Days} days old") : costs;
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException or InvalidInputException
            or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            return Ignore("it is damaged");
        }

        HardwareCosts? Ignore(string why)
        {
            Log.Ignored(logger, file, why);
            return null;
        }
    }

    /// <summary>Stores costs; the file is either complete or untouched.</summary>
    public void Keep(HardwareCosts costs)
    {
        ArgumentNullException.ThrowIfNull(costs);
        string file = FileOf(costs.Key);
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            AtomicFile.Write(file, stream =>
            {
                using var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true });
                Write(json, costs);
            });
            s_unwritten.TryRemove(file, out _);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            s_unwritten[file] = costs;
            Log.NotKept(logger, file, e.Message.ReplaceLineEndings(" "));
        }
    }

    /// <summary>Writes costs in the stored format; `sequoia measure hardware --json` also prints it.</summary>
    public static void Write(Utf8JsonWriter json, HardwareCosts costs)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(costs);
        json.WriteStartObject();
        json.WriteNumber("format", Format);
        json.WriteString("date", costs.Date);
        json.WriteString("processor", costs.Key.Processor);
        json.WriteString("device", costs.Key.Device);
        json.WriteString("target", costs.Key.Target);
        json.WriteString("draft", costs.Key.Draft);
        json.WriteNumber("verify_seconds", costs.VerifySeconds);
        json.WriteStartArray("contexts");
        foreach (ContextCosts at in costs.Contexts)
        {
            json.WriteStartObject();
            json.WriteNumber("context", at.Context);
            Write(json, "target_seconds", at.Target);
            json.WritePropertyName("root_draft_seconds");
            Write(json, at.Root);
            Write(json, "draft_seconds", at.Draft);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, CostCurve curve)
    {
        json.WriteStartArray(name);
        foreach (CostPoint point in curve.Points)
            Write(json, point);
        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, CostPoint point)
    {
        json.WriteStartObject();
        json.WriteNumber("rows", point.Rows);
        json.WriteNumber("median", point.Median);
        json.WriteNumber("fastest", point.Fastest);
        json.WriteNumber("slowest", point.Slowest);
        json.WriteEndObject();
    }

    private static HardwareCosts Read(JsonElement json)
    {
        if (json.GetProperty("format").GetInt32() != Format)
            throw new FormatException();
        string Text(string name) => json.GetProperty(name).GetString() ?? throw new FormatException();
        return new HardwareCosts(
            new HardwareKey(Text("processor"), Text("device"), Text("target"), Text("draft")),
            json.GetProperty("date").GetDateTimeOffset(),
            json.GetProperty("verify_seconds").GetDouble(),
            [.. json.GetProperty("contexts").EnumerateArray().Select(at => new ContextCosts(
                at.GetProperty("context").GetInt32(),
                Curve(at.GetProperty("target_seconds")),
                Point(at.GetProperty("root_draft_seconds")),
                Curve(at.GetProperty("draft_seconds"))))]);
    }

    private static CostCurve Curve(JsonElement points) => new([.. points.EnumerateArray().Select(Point)]);

    private static CostPoint Point(JsonElement point) => new(
        point.GetProperty("rows").GetInt32(),
        point.GetProperty("median").GetDouble(),
        point.GetProperty("fastest").GetDouble(),
        point.GetProperty("slowest").GetDouble());
}
