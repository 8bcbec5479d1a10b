using System.Globalization;

namespace Sequoia.Native.Backends.Streaming;

/// <summary>Which weights stay in memory, and which are read in every pass. Immutable.</summary>
internal sealed record PlacementPlan
{
    /// <summary>For each chunk, in the order of use, whether it stays in memory.</summary>
    public required IReadOnlyList<bool> IsResident { get; init; }

    /// <summary>The number of resident chunks: the first of <see cref="ResidentOrder"/>.</summary>
    public required int ResidentCount { get; init; }

    /// <summary>The bytes of memory of resident chunks.</summary>
    public required long ResidentBytes { get; init; }

    /// <summary>The bytes read in every pass with logits.</summary>
    public required long StreamedBytes { get; init; }

    /// <summary>The bytes of the ring that the others pass through; 0 if all are resident.</summary>
    public required long RingBytes { get; init; }

    /// <summary>The bytes that the process may hold.</summary>
    public required long Budget { get; init; }

    /// <summary>What it holds besides these weights.</summary>
    public required MemoryNeeds Needs { get; init; }

    /// <summary>Everything that the process holds.</summary>
    public long TotalBytes => Needs.Total + RingBytes + ResidentBytes;

    /// <summary>One line for people.</summary>
    /// <param name="linkBytesPerSecond">The rate of reading; null if it is not known.</param>
    public string Text(double? linkBytesPerSecond)
    {
        string stay = string.Create(CultureInfo.InvariantCulture, $"{MemoryBudget.Text(ResidentBytes)} of {MemoryBudget.Text(ResidentBytes + StreamedBytes)} of weights stay in memory");
        if (StreamedBytes == 0)
            return stay;
        string rate = linkBytesPerSecond is { } link ? string.Create(CultureInfo.InvariantCulture, $": {StreamedBytes / link:0.##} s at {link / 1e9:0.##} GB/s") : "";
        return $"{stay}, {MemoryBudget.Text(StreamedBytes)} stream from disk each pass{rate}";
    }
}

/// <summary>The state of a model whose weights are streamed.</summary>
/// <param name="Plan">Where its weights are.</param>
/// <param name="LinkBytesPerSecond">The rate of reading that was measured while loading.</param>
/// <param name="BytesRead">All bytes read so far.</param>
/// <param name="Waited">The time that passes have waited for weights so far.</param>
/// <param name="IsDirect">Whether reads go past the system's page cache.</param>
internal sealed record WeightStreamInfo(PlacementPlan Plan, double LinkBytesPerSecond, long BytesRead, TimeSpan Waited, bool IsDirect)
{
    /// <summary>What users should know.</summary>
    public string Note => Plan.Text(LinkBytesPerSecond)
        + (IsDirect ? "" : " (this file system reads through the page cache only, which is slower and takes memory from others)");
}
