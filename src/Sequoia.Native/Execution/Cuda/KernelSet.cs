using System.Collections.Immutable;

namespace Sequoia.Native;

/// <summary>
/// The sources of the engine's CUDA kernels, any of which may be replaced by the user's own: <c>KernelSet.Default.Replace("rms_norm", source)</c>.
/// A replacement is compiled and compared with the engine's own kernel on random inputs when a model is loaded, before it is used.
/// Immutable.
/// </summary>
public sealed class KernelSet
{
    private const string Prefix = "kernels/";
    private const string HeaderPrefix = "kernels/include/";

    // What Execution/Cuda launches, and where its source is.
    private static readonly string[] Files =
    [
        "scalar/embed", "scalar/rms_norm", "scalar/matmul", "scalar/rope_append", "scalar/attend", "scalar/silu_mul",
        "draw_children", "verify_tree", "compact_kv",
    ];

    private readonly ImmutableDictionary<string, string> _sources;

    private KernelSet(ImmutableDictionary<string, string> sources, ImmutableHashSet<string> replaced) => (_sources, Replaced) = (sources, replaced);

    /// <summary>The engine's own kernels.</summary>
    public static KernelSet Default { get; } = new(Files.ToImmutableDictionary(NameOf, file => Read($"{Prefix}{file}.cu")), []);

    /// <summary>The headers that sources may include, by name.</summary>
    public static IReadOnlyDictionary<string, string> Headers { get; } = typeof(KernelSet).Assembly.GetManifestResourceNames()
        .Where(name => name.StartsWith(HeaderPrefix, StringComparison.Ordinal))
        .ToDictionary(name => name[HeaderPrefix.Length..], Read);

    /// <summary>The kernels' names, in alphabetical order.</summary>
    public IReadOnlyList<string> Names => [.. _sources.Keys.Order(StringComparer.Ordinal)];

    internal ImmutableHashSet<string> Replaced { get; }

    /// <summary>A kernel's source. Its first lines say what it computes, and the shapes of what it is given.</summary>
    /// <exception cref="InvalidInputException">There is no kernel of this name.</exception>
    public string this[string name] => _sources.TryGetValue(name, out string? source)
        ? source
        : throw new InvalidInputException($"kernel: {name}: is not one of the engine's: {string.Join(", ", Names)}");

    /// <summary>The same kernels but for one.</summary>
    /// <param name="name">The kernel.</param>
    /// <param name="source">CUDA C++ that defines kernels of the same names and parameters; may include <see cref="Headers"/>.</param>
    /// <exception cref="InvalidInputException">There is no kernel of this name.</exception>
    public KernelSet Replace(string name, string source)
    {
        ArgumentNullException.ThrowIfNull(source);
        _ = this[name];
        return new KernelSet(_sources.SetItem(name, source), Replaced.Add(name));
    }

    private static string NameOf(string file) => file.Split('/')[^1];

    private static string Read(string name)
    {
        using Stream stream = typeof(KernelSet).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"{name} is not part of the assembly");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
