namespace Sequoia.SoftwareGpu.Check;

/// <summary>
/// The last launches of a stream, or of a stream in a graph, that the next dependent launch there may overtake: each of them may have let the next one
/// start before it waited itself, back to the last one that is not dependent.
/// </summary>
internal sealed class LaunchChain
{
    // By number, ascending: launches of other streams run in between.
    private readonly List<uint> _launches = [];

    /// <summary>The number of launches.</summary>
    public int Count => _launches.Count;

    /// <summary>Other work than a kernel has waited for all launches, so the next one overtakes none of them.</summary>
    public void End() => _launches.Clear();

    public void Add(uint launch, bool isDependent)
    {
        if (!isDependent)
            _launches.Clear();
        _launches.Add(launch);
    }

    /// <summary>Whether a launch is among the first ones of the chain.</summary>
    public bool Has(uint launch, int count) => launch != 0 && _launches.BinarySearch(0, count, launch, comparer: null) >= 0;
}
