using System.Text.Json;
using System.Text.Json.Nodes;
using Sequoia.Native.Diagnostics;
using Sequoia.Native.Models;
using Sequoia.Native.Trees;

namespace Sequoia.Native;

/// <summary>
/// Positional acceptance (Sequoia, section 3): p_k is the probability that children 1..k-1 of an accepted node are
/// rejected and child k is accepted. Each is in [0, 1]; their sum is at most 1 and the rest is the chance that no
/// child is accepted. Immutable and thread-safe.
/// </summary>
public sealed class AcceptanceVector
{
    // Measured shares are rounded when written, so their sum may slightly exceed 1.
    private const double SumTolerance = 1e-6;
    private readonly double[] _p;

    /// <summary>Takes p_1, p_2, ...</summary>
    /// <exception cref="ArgumentException">The list is empty, a value is not in [0, 1], or the sum exceeds 1 by more than 1e-6.</exception>
    public AcceptanceVector(ReadOnlySpan<double> p)
    {
        if (ProblemOf(p) is { } problem)
            throw new ArgumentException("p" + problem, nameof(p));
        _p = p.ToArray();
    }

    /// <summary>The number of child ranks with a known probability; all further ranks have 0.</summary>
    public int Count => _p.Length;

    /// <summary>p_1, p_2, ..., with p_1 at index 0.</summary>
    public ReadOnlySpan<double> Values => _p;

    /// <summary>p of a child rank, counted from 1.</summary>
    public double this[int rank] => rank <= _p.Length ? _p[rank - 1] : 0;

    /// <summary>The vector measured for a draft: acceptance.json in its folder, written by `sequoia measure acceptance`; null if there is none.</summary>
    /// <exception cref="InvalidInputException">The file is invalid.</exception>
    public static AcceptanceVector? OfDraft(string draftFolder) => IsKnownFor(draftFolder) ? Load(FileOf(draftFolder)) : null;

    /// <summary>Whether <see cref="OfDraft"/> finds a file.</summary>
    public static bool IsKnownFor(string draftFolder) => Path.Exists(FileOf(draftFolder));

    /// <summary>The path of a draft's vector; in the snapshot in Hugging Face's cache.</summary>
    public static string FileOf(string draftFolder) => Path.Combine(ModelFolder.Resolve(draftFolder), "acceptance.json");

    /// <summary>Loads {"p":[p1,p2,...]}; other keys are ignored.</summary>
    /// <exception cref="InvalidInputException">The file is missing or is not such a vector; the message names the file and the key.</exception>
    public static AcceptanceVector Load(string file)
    {
        using JsonDocument json = JsonInput.Open(file);
        return Read(JsonInput.List(json, file, "p", "numbers"), file, "p");
    }

    /// <summary>Reads [p1,p2,...], stored in the file under <paramref name="key"/>.</summary>
    internal static AcceptanceVector Read(JsonElement list, string file, string key)
    {
        if (list.ValueKind != JsonValueKind.Array)
            throw new InvalidInputException($"{file}: {key}: must be a list of numbers");
        var p = new List<double>(list.GetArrayLength());
        foreach (JsonElement entry in list.EnumerateArray())
        {
            if (entry.ValueKind != JsonValueKind.Number)
                throw new InvalidInputException($"{file}: {key}[{p.Count}]: must be a number");
            p.Add(entry.GetDouble());
        }
        double[] values = [.. p];
        return ProblemOf(values) is { } problem ? throw new InvalidInputException($"{file}: {key}{problem}") : new AcceptanceVector(values);
    }

    private static string? ProblemOf(ReadOnlySpan<double> p)
    {
        if (p.IsEmpty)
            return ": is empty; it must hold p_1, p_2, ...";
        double sum = 0;
        for (int i = 0; i < p.Length; i++)
        {
            if (!(p[i] >= 0 && p[i] <= 1))
                return FormattableString.Invariant($"[{i}]: is {p[i]}; a probability is in 0..1");
            sum += p[i];
        }
        return sum > 1 + SumTolerance
            ? FormattableString.Invariant($": sums to {sum:0.#########}; the sum must be at most 1, as p_k means child k and none before") : null;
    }

    /// <summary>
    /// Writes {"p":[...]} and the given metadata. The file is either complete or untouched: it is written to a temporary file and
    /// then moved into place.
    /// </summary>
    public void Save(string file, JsonObject? metadata = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(file);
        try
        {
            AtomicFile.Write(file, stream =>
            {
                using var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true });
                Write(json, metadata);
            });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{file}: cannot be written ({e.Message.ReplaceLineEndings(" ")})", e);
        }
    }

    private void Write(Utf8JsonWriter json, JsonObject? metadata)
    {
        json.WriteStartObject();
        json.WriteStartArray("p");
        foreach (double p in _p)
            json.WriteNumberValue(p);
        json.WriteEndArray();
        foreach ((string key, JsonNode? value) in metadata ?? [])
        {
            if (key == "p")
                throw new ArgumentException("The metadata must not hold a key \"p\".", nameof(metadata));
            json.WritePropertyName(key);
            if (value is null)
                json.WriteNullValue();
            else
                value.WriteTo(json);
        }
        json.WriteEndObject();
    }
}
