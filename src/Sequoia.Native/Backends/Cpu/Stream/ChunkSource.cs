using Sequoia.Native.Backends.Streaming;

namespace Sequoia.Native.Backends.Cpu;

/// <summary>
/// Brings the chunks of a model to memory for one pass after the other. A pass waits for a chunk, uses it and gives it back, in the order of the chunks.
/// <see cref="ChunkReader"/> is the engine's; `sequoia compare --offload` has others, which do what other systems do.
/// </summary>
internal abstract unsafe class ChunkSource : IDisposable
{
    /// <summary>The plan, or what it will be from the next pass on.</summary>
    public abstract PlacementPlan Plan { get; }

    /// <summary>All bytes read for passes so far.</summary>
    public abstract long BytesRead { get; }

    /// <summary>The time that passes have waited for chunks so far.</summary>
    public abstract TimeSpan Waited { get; }

    /// <summary>Changes the plan from the next pass on.</summary>
    public abstract void Change(PlacementPlan plan);

    /// <summary>Begins a pass. The caller ends it before another begins.</summary>
    /// <param name="logits">Whether the pass uses the output projection.</param>
    /// <param name="cancellation">Ends waiting.</param>
    public abstract void Begin(bool logits, CancellationToken cancellation);

    /// <summary>Ends the pass, also one that was not computed to its end.</summary>
    public abstract void End();

    /// <summary>Waits for a chunk of this pass.</summary>
    /// <param name="chunk">The chunk; all before it were given back.</param>
    /// <param name="end">The end of the chunks that are wanted.</param>
    /// <returns>The end of the chunks from <paramref name="chunk"/> on that are there now.</returns>
    /// <exception cref="ModelFileException">A chunk could not be read.</exception>
    /// <exception cref="OperationCanceledException">The pass was cancelled.</exception>
    public abstract int Wait(int chunk, int end);

    /// <summary>The first row of a chunk that is there.</summary>
    public abstract byte* Address(int chunk);

    /// <summary>Gives a chunk of this pass back. Thread-safe.</summary>
    public abstract void Release(int chunk);

    /// <summary>Ends threads without waiting for them: what they still write to lives as long as they do.</summary>
    public abstract void Stop();

    /// <summary>Ends threads, waits for them and frees the memory.</summary>
    public abstract void Dispose();
}
