using System.Text.Json;
using Sequoia.Native.Trees;

namespace Sequoia.Native;

/// <summary>
/// Positional acceptance that depends on how deep in the tree a node is (Sequoia, section 3): one
/// <see cref="AcceptanceVector"/> for the children of the root, one for those of its children, and so on. Immutable and
/// thread-safe.
/// </summary>
internal sealed class AcceptanceByDepth
{
    private readonly AcceptanceVector[] _rows;

    /// <summary>Takes the vectors by depth of the parent, the root's first. The last one also applies to all deeper parents.</summary>
    /// <exception cref="InvalidInputException">There are no vectors.</exception>
    public AcceptanceByDepth(params ReadOnlySpan<AcceptanceVector> rows) : this(rows, "")
    {
    }

    private AcceptanceByDepth(ReadOnlySpan<AcceptanceVector> rows, string source)
    {
        if (rows.IsEmpty)
            throw new InvalidInputException($"{source}by_depth: is empty; it must hold a list p_1, p_2, ... for each depth");
        foreach (AcceptanceVector row in rows)
            ArgumentNullException.ThrowIfNull(row, nameof(rows));
        _rows = rows.ToArray();
    }

    /// <summary>The number of depths with their own vector.</summary>
    public int Count => _rows.Length;

    /// <summary>The vector for the children of a node at a depth; the root's depth is 0.</summary>
    public AcceptanceVector this[int depth] => _rows[Math.Min(depth, _rows.Length - 1)];

    /// <summary>Loads {"by_depth":[[p1,p2,...],[p1,...],...]}; other keys, including "p", are ignored.</summary>
    /// <exception cref="InvalidInputException">The file is missing or contains no such lists; the message names the file and the key.</exception>
    public static AcceptanceByDepth Load(string file)
    {
        using JsonDocument json = JsonInput.Open(file);
        var rows = new List<AcceptanceVector>();
        foreach (JsonElement row in JsonInput.List(json, file, "by_depth", "lists of numbers").EnumerateArray())
            rows.Add(AcceptanceVector.Read(row, file, $"by_depth[{rows.Count}]"));
        return new AcceptanceByDepth(rows.ToArray(), file + ": ");
    }
}
