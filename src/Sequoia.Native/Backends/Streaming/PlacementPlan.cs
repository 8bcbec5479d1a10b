using System.Globalization;

namespace Sequoia.Native.Backends.Streaming;

/// <summary>Which weights stay in memory, and which are read in every pass. Immutable.</summary>
/// <param name="Chunks">The chunks.</param>
/// <param name="ResidentCount">How many of them, the first in their order, stay in memory.</param>
/// <param name="RingBytes">The bytes of the ring that the others pass through; 0 if all are resident.</param>
/// <param name="Budget">The bytes that the process may hold.</param>
/// <param name="Needs">What it holds besides these weights.</param>
internal sealed record PlacementPlan(ChunkOrder Chunks, int ResidentCount, long RingBytes, long Budget, MemoryNeeds Needs)
{
    /// <summary>The bytes of memory of resident chunks.</summary>
    public long ResidentBytes => Chunks.BytesOf(ResidentCount);

    /// <summary>The bytes read in every pass with logits.</summary>
    public long StreamedBytes => Chunks.Bytes - ResidentBytes;

    /// <summary>Everything that the process holds.</summary>
    public long TotalBytes => Needs.Total + RingBytes + ResidentBytes;

    /// <summary>Whether a chunk stays in memory.</summary>
    public bool IsResident(int chunk) => Chunks.Rank(chunk) < ResidentCount;

    /// <summary>One line for people.</summary>
    /// <param name="linkBytesPerSecond">The rate of reading; null if it is not known.</param>
    /// <param name="where">Where resident chunks are.</param>
    /// <param name="source">Where the others come from.</param>
    public string Text(double? linkBytesPerSecond, string where = "in memory", string source = "disk")
    {
        string stay = string.Create(CultureInfo.InvariantCulture, $"{MemoryBudget.Text(ResidentBytes)} of {MemoryBudget.Text(ResidentBytes + StreamedBytes)} of weights stay {where}");
        if (StreamedBytes == 0)
            return stay;
        string rate = linkBytesPerSecond is { } link ? string.Create(CultureInfo.InvariantCulture, $": {StreamedBytes / link:0.##} s at {link / 1e9:0.##} GB/s") : "";
        return $"{stay}, {MemoryBudget.Text(StreamedBytes)} stream from {source} each pass{rate}";
    }
}

/// <summary>The state of a model whose weights are streamed.</summary>
/// <param name="Plan">Where its weights are.</param>
/// <param name="LinkBytesPerSecond">The rate of reading that was measured while loading; 0 if none was.</param>
/// <param name="BytesRead">All bytes read so far.</param>
/// <param name="Waited">The time that passes have waited for weights so far.</param>
/// <param name="IsDirect">Whether reads go past the system's page cache.</param>
internal record WeightStreamInfo(PlacementPlan Plan, double LinkBytesPerSecond, long BytesRead, TimeSpan Waited, bool IsDirect)
{
    /// <summary>Whether the bytes and the time are known.</summary>
    public virtual bool HasTimes => true;

    /// <summary>What users should know.</summary>
    public virtual string Note => "before a draft, caches and a tree take their memory, " + Plan.Text(LinkBytesPerSecond)
        + (IsDirect ? "" : " (this file system reads through the page cache only, which is slower and takes memory from others)");
}
