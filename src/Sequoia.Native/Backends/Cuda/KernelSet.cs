using System.Collections.Immutable;

namespace Sequoia.Native;

/// <summary>
/// The sources of the engine's CUDA kernels. Users can replace any of them: <c>KernelSet.Default.Replace("matmul", source)</c>.
/// A replacement is compiled and checked on random inputs when a model is loaded, before it is used.
/// Immutable.
/// </summary>
public sealed class KernelSet
{
    private const string Prefix = "kernels/";
    private const string HeaderExtension = ".cuh";

    // The kernels that this folder launches, in alphabetical order.
    private static readonly string[] Launched =
        ["advance_step", "attend", "attend_scalar", "compact_kv", "draw_children", "embed", "matmul", "matmul_scalar", "matmul_sm90", "verify_tree"];

    // Slow reference twins. The engine never launches them, so replacing them has no effect.
    private static readonly string[] Others =
        ["draw_children_scalar", "verify_tree_scalar", "compact_kv_scalar"];

    // Read when a kernel is compiled: most programs run on the CPU and never need them.
    private static readonly Lazy<IReadOnlyDictionary<string, string>> AllHeaders = new(() => typeof(KernelSet).Assembly.GetManifestResourceNames()
        .Where(name => name.EndsWith(HeaderExtension, StringComparison.Ordinal))
        .ToDictionary(name => name[Prefix.Length..], Read));

    private readonly ImmutableDictionary<string, string> _replacements;
    private readonly IReadOnlyDictionary<string, string>? _headers;

    private KernelSet(ImmutableDictionary<string, string> replacements, IReadOnlyDictionary<string, string>? headers = null) =>
        (_replacements, _headers) = (replacements, headers);

    /// <summary>The engine's own kernels.</summary>
    public static KernelSet Default { get; } = new(ImmutableDictionary<string, string>.Empty);

    /// <summary>The headers that sources may include, by name.</summary>
    public static IReadOnlyDictionary<string, string> Headers => AllHeaders.Value;

    /// <summary>The kernels' names, in alphabetical order.</summary>
    public static IReadOnlyList<string> Names => Launched;

    internal IReadOnlyCollection<string> Replaced => [.. _replacements.Keys];

    /// <summary>The headers that this set is compiled with.</summary>
    internal IReadOnlyDictionary<string, string> SourceHeaders => _headers ?? Headers;

    /// <summary>A kernel's source. Its first lines document what it computes and the shapes of its parameters.</summary>
    /// <exception cref="InvalidInputException">There is no kernel of this name.</exception>
    public string this[string name] => _replacements.TryGetValue(name, out string? source) ? source
        : Launched.Contains(name) ? Read($"{Prefix}{name}.cu")
        : throw new InvalidInputException($"kernel: {name}: is not one of the engine's: {string.Join(", ", Names)}") { Parameter = "kernel" };

    /// <summary>A source by its name, including kernels that exist only for comparison.</summary>
    internal string Source(string name) =>
        !_replacements.ContainsKey(name) && Others.Contains(name) ? Read($"{Prefix}{name}.cu") : this[name];

    /// <summary>Creates a set with one kernel replaced.</summary>
    /// <param name="name">The kernel.</param>
    /// <param name="source">CUDA C++ that defines kernels with the same names and parameters; may include <see cref="Headers"/>.</param>
    /// <exception cref="InvalidInputException">There is no kernel of this name.</exception>
    public KernelSet Replace(string name, string source)
    {
        ArgumentNullException.ThrowIfNull(source);
        _ = this[name];
        return ReplaceAny(name, source);
    }

    /// <summary>The same, also for kernels that exist only for comparison.</summary>
    internal KernelSet ReplaceAny(string name, string source) => new(_replacements.SetItem(name, source), _headers);

    /// <summary>Creates a set with one of the headers replaced.</summary>
    internal KernelSet ReplaceHeader(string name, string source) =>
        new(_replacements, SourceHeaders.ToImmutableDictionary().SetItem(name, source));

    private static string Read(string name)
    {
        using Stream stream = typeof(KernelSet).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"{name} is not part of the assembly");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
