using System.Globalization;

namespace Sequoia.Native.Backends.Streaming;

/// <summary>Memory that a decoder took from weights; gives it back once, when it is disposed. Thread-safe.</summary>
/// <param name="giveBack">Gives it back.</param>
internal sealed class Reservation(Action giveBack) : IDisposable
{
    private int _ended;

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _ended, 1) == 0)
            giveBack();
    }
}

/// <summary>What a process holds besides weights that can be streamed, in bytes.</summary>
/// <param name="Program">The program itself: the runtime and its heap.</param>
/// <param name="Fixed">Weights of the target that are never streamed.</param>
/// <param name="Draft">The draft's weights.</param>
/// <param name="Caches">Keys and values of both models.</param>
/// <param name="Tree">Activations and logits of both models' passes.</param>
internal readonly record struct MemoryNeeds(long Program, long Fixed, long Draft, long Caches, long Tree)
{
    public long Total => Program + Fixed + Draft + Caches + Tree;

    public static MemoryNeeds operator +(MemoryNeeds a, MemoryNeeds b) =>
        new(a.Program + b.Program, a.Fixed + b.Fixed, a.Draft + b.Draft, a.Caches + b.Caches, a.Tree + b.Tree);

    public static MemoryNeeds operator -(MemoryNeeds a, MemoryNeeds b) =>
        new(a.Program - b.Program, a.Fixed - b.Fixed, a.Draft - b.Draft, a.Caches - b.Caches, a.Tree - b.Tree);

    /// <summary>The parts in GB, those of at least a megabyte.</summary>
    /// <param name="ring">The bytes of the ring, which is a part too.</param>
    public string Parts(long ring) => string.Join(", ", new[]
    {
        (Name: "ring", Bytes: ring), (Name: "program", Bytes: Program), (Name: "weights that cannot be streamed", Bytes: Fixed), (Name: "draft", Bytes: Draft), (Name: "caches", Bytes: Caches), (Name: "tree", Bytes: Tree),
    }.Where(part => part.Bytes >= 1_000_000).Select(part => string.Create(CultureInfo.InvariantCulture, $"{part.Name} {part.Bytes / 1e9:0.###}")));
}
