using Sequoia.Native.Backends.Streaming;
using Sequoia.Native.Models;

namespace Sequoia.Native.Backends.Cpu;

/// <summary>
/// The matrices of a model that does not fit memory: as many as the budget allows stay there, the others are read in every pass. Passes take turns. Results do not
/// depend on where weights are. A stream that is never disposed ends with the last reference to it.
/// </summary>
internal sealed unsafe class CpuWeightStream : IDisposable
{
    // Tokens of a short text.
    private const int LeastContext = 256;

    private readonly StreamFiles _files;
    private readonly ChunkSource _reader;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly Lock _needed = new();
    private readonly StreamOptions _options;
    private readonly ChunkOrder _order;
    private readonly double _linkBytesPerSecond;
    private MemoryNeeds _needs;

    /// <summary>Opens the files and measures the rate of reading, which takes about a second; nothing is read ahead yet.</summary>
    /// <exception cref="ModelFileException">A file cannot be read.</exception>
    /// <exception cref="InvalidInputException">The budget is too small.</exception>
    public CpuWeightStream(LlamaTensors tensors, StreamOptions options)
    {
        _options = options;
        Chunks = new WeightChunks(tensors, options.ChunkBytes, CpuMatrix.HasWholeChunks);
        _order = Chunks.Order();
        _needs = options.Needs;
        // A budget that cannot work is refused before anything is read: nobody decodes with less than this.
        Planned(_needs + options.LeastNeeds);
        PlacementPlan plan = Planned(_needs);
        _files = new StreamFiles(Chunks, options);
        try
        {
            (int readers, _linkBytesPerSecond) = MeasureLink(_files, options.MeasuringTime);
            _reader = options.Source?.Invoke(Chunks, _files, plan) ?? new ChunkReader(Chunks, _files, plan, options.Readers ?? readers);
        }
        catch
        {
            _files.Dispose();
            throw;
        }
    }

    ~CpuWeightStream() => _reader?.Stop();

    /// <summary>The stream of a model that does not fit, or whose weights should all be streamed; null for other models.</summary>
    /// <exception cref="ModelFileException">A file cannot be read.</exception>
    /// <exception cref="InvalidInputException">The budget is too small.</exception>
    public static CpuWeightStream? For(LoadOptions options, LlamaTensors tensors)
    {
        if (options.Stream == StreamMode.Never)
            return null;
        long held = MemoryBudget.Held(), budget = options.Memory ?? (MemoryBudget.Free() + held);
        // Whoever sets a limit gets a plan, which counts a draft, caches and activations when they come.
        if (options is { Stream: StreamMode.Auto, Memory: null } && MemoryBudget.HasRoom(budget - held, tensors.Bytes))
            return null;
        try
        {
            return new CpuWeightStream(tensors, options.Streaming with
            {
                Budget = budget,
                Needs = NeedsOf(tensors, held),
                LeastNeeds = CpuMemory.OfDecoder(tensors.Config, null, new DecoderSizes([TokenTree.Root], LeastContext, CpuBackend.StreamedPrefillRows, hasDraft: false), options.Threads),
                Mode = options.Stream,
            });
        }
        catch (InvalidInputException e) when (e.Parameter == "memory" && options is { Memory: null, Stream: StreamMode.Auto })
        {
            // Nobody asked for a limit: the system will do what it can.
            return null;
        }
    }

    /// <summary>What a process holds besides a model's chunks: itself, and weights that are not streamed. The embedding is read row by row.</summary>
    /// <param name="tensors">The model.</param>
    /// <param name="held">What the process holds already.</param>
    public static MemoryNeeds NeedsOf(LlamaTensors tensors, long held)
    {
        bool readByRow = tensors.Embedding != tensors.Head;
        IEnumerable<TensorView> notHeld = tensors.Matrices.Distinct().Where(tensor => CpuMatrix.HasWholeChunks(tensor) || (readByRow && tensor == tensors.Embedding));
        return new MemoryNeeds(held, tensors.Bytes - notHeld.Sum(tensor => tensor.Bytes), 0, 0, 0);
    }

    /// <summary>The rate at which the chunks of a model's files can be read, in bytes per second.</summary>
    /// <exception cref="ModelFileException">A file cannot be read.</exception>
    public static double MeasureLink(WeightChunks chunks)
    {
        var options = new StreamOptions();
        using var files = new StreamFiles(chunks, options);
        return MeasureLink(files, options.MeasuringTime).BytesPerSecond;
    }

    public WeightChunks Chunks { get; }

    public WeightStreamInfo Info => new(_reader.Plan, _linkBytesPerSecond, _reader.BytesRead, _reader.Waited, _files.AreDirect);

    /// <summary>Takes memory from the budget, from the next pass on, until the result is disposed.</summary>
    /// <exception cref="InvalidInputException">The budget is too small.</exception>
    public IDisposable Reserve(MemoryNeeds more)
    {
        lock (_needed)
        {
            _reader.Change(Planned(_needs + more));
            _needs += more;
        }
        return new Reservation(() =>
        {
            lock (_needed)
            {
                _needs -= more;
                _reader.Change(Planned(_needs));
            }
        });
    }

    /// <summary>The plan that this much more memory would leave.</summary>
    /// <exception cref="InvalidInputException">The budget is too small.</exception>
    public PlacementPlan PlanWith(MemoryNeeds more)
    {
        lock (_needed)
            return Planned(_needs + more);
    }

    /// <summary>Waits for the turn of a pass, and begins it.</summary>
    public void Begin(bool logits, CancellationToken cancellation)
    {
        _turn.Wait(cancellation);
        try
        {
            _reader.Begin(logits, cancellation);
        }
        catch
        {
            _turn.Release();
            throw;
        }
    }

    /// <summary>Ends the pass that was begun.</summary>
    public void End()
    {
        _reader.End();
        _turn.Release();
    }

    /// <summary>Waits for a chunk: see <see cref="ChunkSource.Wait"/>.</summary>
    public int Wait(int chunk, int end) => _reader.Wait(chunk, end);

    public byte* Address(int chunk) => _reader.Address(chunk);

    public void Release(int chunk) => _reader.Release(chunk);

    public void Dispose()
    {
        _reader.Dispose();
        _files.Dispose();
        _turn.Dispose();
        GC.SuppressFinalize(this);
    }

    private PlacementPlan Planned(MemoryNeeds needs) => PlacementPlanner.Plan(_order, _options.Budget, needs, _options.Mode, _options.RingBytes);

    /// <summary>As few threads as reach nearly the disk's full rate.</summary>
    private static (int Readers, double BytesPerSecond) MeasureLink(StreamFiles files, TimeSpan time)
    {
        const double Worthwhile = 1.15;
        (int Readers, double Rate) best = (1, files.Measure(1, time));
        for (int readers = 2; readers <= 4; readers *= 2)
        {
            double rate = files.Measure(readers, time);
            if (rate < Worthwhile * best.Rate)
                break;
            best = (readers, rate);
        }
        return best;
    }
}

/// <summary>How a model's weights are streamed.</summary>
internal sealed record StreamOptions
{
    /// <summary>The bytes that the process may hold.</summary>
    public long Budget { get; init; }

    /// <summary>What it holds besides this model's chunks and generators.</summary>
    public MemoryNeeds Needs { get; init; }

    /// <summary>What the smallest decoder needs.</summary>
    public MemoryNeeds LeastNeeds { get; init; }

    /// <summary>Which weights may stay in memory.</summary>
    public StreamMode Mode { get; init; }

    /// <summary>The bytes of a chunk at most.</summary>
    public int ChunkBytes { get; init; } = WeightChunks.DefaultBytes;

    /// <summary>The bytes of the ring; null chooses.</summary>
    public long? RingBytes { get; init; }

    /// <summary>The number of threads that read; null measures how many are worth it.</summary>
    public int? Readers { get; init; }

    /// <summary>How long to measure the rate of reading, for each number of threads.</summary>
    public TimeSpan MeasuringTime { get; init; } = TimeSpan.FromSeconds(0.3);

    /// <summary>What reads, in place of <see cref="ChunkReader"/>.</summary>
    public Func<WeightChunks, StreamFiles, PlacementPlan, ChunkSource>? Source { get; init; }

    /// <summary>Limits the rate of reading, for demonstrations; null for no limit.</summary>
    public double? BytesPerSecond { get; init; }

    /// <summary>Called before each read with its bytes, on the reading thread, where tests delay and fail reads.</summary>
    public Action<long>? BeforeRead { get; init; }
}
