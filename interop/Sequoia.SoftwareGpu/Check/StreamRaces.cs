using Sequoia.SoftwareGpu.Driver;

namespace Sequoia.SoftwareGpu.Check;

/// <summary>
/// Finds work that no stream, event, graph or wait of the host orders, and of which one piece writes what the other one reads or writes. Work that all
/// later work follows is forgotten.
/// </summary>
/// <param name="memory">The memory, which describes addresses.</param>
internal sealed class StreamRaces(DeviceMemory memory)
{
    /// <summary>A program that never waits, with kernels that access memory in small pieces, would need memory without end.</summary>
    private const long MostRanges = 4 << 20;

    private const int MostFindings = 20;

    private readonly LinkedList<Accesses> _recent = new();
    private long _ranges;

    private sealed record Accesses(Place Place, string Name, ByteRange[] Reads, ByteRange[] Writes, ByteRange[] Atomics)
    {
        public long Ranges => 1L + Reads.Length + Writes.Length + Atomics.Length;
    }

    public bool IsEmpty => _recent.Count == 0;

    /// <summary>Compares the accesses of work that ran with those of the work before it.</summary>
    /// <returns>The findings, one for each other piece of work.</returns>
    public IReadOnlyList<Finding> Add(Place place, string name, ByteRange[] reads, ByteRange[] writes, ByteRange[] atomics)
    {
        var own = new Accesses(place, name, reads, writes, atomics);
        List<Finding> findings = [];
        foreach (Accesses other in _recent)
        {
            if (findings.Count < MostFindings && !place.Follows(other.Place) && Conflict(own, other) is { } message)
                findings.Add(new Finding(FindingKind.StreamRace, message, name, default, 0, 0, 0, null, 0, ""));
        }

        _recent.AddLast(own);
        _ranges += own.Ranges;
        while (_ranges > MostRanges && _recent.First is { } first && first.Value != own)
            Remove(first);
        return findings;
    }

    /// <summary>Forgets the work that everything from now on follows.</summary>
    public void Forget(Clock known)
    {
        for (LinkedListNode<Accesses>? node = _recent.First; node is not null;)
        {
            LinkedListNode<Accesses>? next = node.Next;
            if (node.Value.Place.Stamp.Count <= known[node.Value.Place.Stamp.Slot])
                Remove(node);
            node = next;
        }
    }

    private void Remove(LinkedListNode<Accesses> node)
    {
        _ranges -= node.Value.Ranges;
        _recent.Remove(node);
    }

    private string? Conflict(Accesses own, Accesses other) =>
        Describe(own, own.Writes, "writes", other, other.Writes, "writes")
        ?? Describe(own, own.Writes, "writes", other, other.Reads, "reads")
        ?? Describe(own, own.Reads, "reads", other, other.Writes, "writes")
        ?? Describe(own, own.Writes, "writes", other, other.Atomics, "updates")
        ?? Describe(own, own.Atomics, "updates", other, other.Writes, "writes")
        ?? Describe(own, own.Reads, "reads", other, other.Atomics, "updates")
        ?? Describe(own, own.Atomics, "updates", other, other.Reads, "reads");

    private string? Describe(Accesses own, ByteRange[] some, string verb, Accesses other, ByteRange[] others, string otherVerb) =>
        ByteRange.FirstCommon(some, others) is not { } bytes ? null
            : $"({own.Place}) {verb} {bytes.Bytes} bytes at 0x{bytes.Start:x}, which {other.Name} ({other.Place}) {otherVerb}, and neither waits for the other; "
            + $"the address {memory.Describe(bytes.Start)}";
}
