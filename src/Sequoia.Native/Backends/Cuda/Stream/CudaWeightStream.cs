using System.Diagnostics;
using Sequoia.Interop;
using Sequoia.Native.Backends.Streaming;

namespace Sequoia.Native.Backends.Cuda;

/// <summary>
/// The matrices of a model that does not fit the device: as many as the budget allows stay there, the others are copied from host memory in every pass, through a
/// ring, by a stream of their own. A copy waits until the product that last used its place in the ring has ended, and a product waits for its copy; the host waits for
/// neither, so a step is one graph with its copies. Passes take turns, on the device too. Results do not depend on where weights are.
/// </summary>
internal sealed class CudaWeightStream : IDisposable
{
    /// <summary>The option of the command that sets the budget, for errors.</summary>
    public const string Option = "gpu-memory";

    private readonly CudaContext _context;
    private readonly CudaStreamOptions _options;
    private readonly IReadOnlyList<MatMulShape> _shapes;
    private readonly ChunkOrder _order;
    private readonly int _layerChunks;
    // A chunk is in one of the two.
    private readonly HostChunk?[] _stored;
    private readonly DeviceBuffer<ushort>?[] _resident;
    private readonly CudaStream _copies;
    private readonly CudaEvent[] _filled, _drained;
    // The begin of a pass, and the end of the last one of any queue.
    private readonly CudaEvent _begun, _ended;
    private readonly Lock _turn = new();
    private DeviceBuffer<ushort>? _ring;
    private StreamTable _table = null!;
    private PlacementPlan _plan;
    private MemoryNeeds _needs;
    private double _linkBytesPerSecond;
    private bool _isPlaced, _isRecording;
    private int _loaded;

    // The pass that has the turn: its stream, once it has used a chunk; the next chunk to copy, the end of its chunks, and the last one whose product copies wait for.
    private CudaStream? _main;
    private int _next, _end, _awaited;

    /// <summary>Plans for the weights alone. They are placed when a decoder says what it needs: until then all are in host memory.</summary>
    /// <param name="context">The device.</param>
    /// <param name="shapes">The matrices in the order of use; four of each layer, and perhaps the output projection.</param>
    /// <param name="options">The budget.</param>
    /// <exception cref="InvalidInputException">A budget is too small.</exception>
    public CudaWeightStream(CudaContext context, IReadOnlyList<MatMulShape> shapes, CudaStreamOptions options)
    {
        (_context, _shapes, _options, _needs) = (context, shapes, options, options.Needs);
        _order = new ChunkOrder([.. shapes.Select(CudaMemory.BytesOf)]);
        _layerChunks = shapes.Count / 4 * 4;
        _plan = Planned(_needs);
        if (_order.Bytes > options.HostBudget)
        {
            throw new InvalidInputException(
                $"{Option}: weights that do not fit the GPU need {MemoryBudget.Text(_order.Bytes)} of the host's memory while they are loaded, and {MemoryBudget.Text(options.HostBudget)} can be had; use a smaller model, or the CPU, which reads weights from disk")
            {
                Parameter = "memory",
            };
        }
        (_stored, _resident) = (new HostChunk?[shapes.Count], new DeviceBuffer<ushort>?[shapes.Count]);
        _copies = context.CreateStream(nonBlocking: true);
        CudaEvent[] Marks(int count) => [.. Enumerable.Range(0, count).Select(_ => context.CreateEvent(timing: false))];
        (_filled, _drained) = (Marks(shapes.Count), Marks(shapes.Count));
        (_begun, _ended) = (context.CreateEvent(timing: false), context.CreateEvent(timing: false));
    }

    public WeightStreamInfo Info
    {
        get
        {
            lock (_turn)
                return new DeviceStreamInfo(_plan, _linkBytesPerSecond, _stored.Sum(chunk => chunk is { IsPinned: false } ? chunk.Length * sizeof(ushort) : 0));
        }
    }

    /// <summary>Changes whenever weights move: what was recorded before has wrong addresses.</summary>
    public int Placement { get; private set; }

    /// <summary>Whether a chunk stays on the device, for work that is queued between <see cref="Take"/> and <see cref="Release"/>.</summary>
    public bool IsResident(int chunk) => _resident[chunk] is not null;

    /// <summary>Takes the next matrix, in the order of use.</summary>
    /// <param name="shape">Its shape.</param>
    /// <param name="fill">Writes a stored row, with padding.</param>
    public unsafe CudaStreamedMatrix Add(MatMulShape shape, CudaStaging.FillRow fill)
    {
        if (_loaded == _shapes.Count || _shapes[_loaded] != shape)
            throw new InvalidOperationException($"matrix {_loaded} of the stream is {shape}");
        var chunk = new HostChunk(WeightBlocks.Of(shape.StoredRows, shape.Columns), _options.PieceBytes / sizeof(ushort));
        _stored[_loaded] = chunk;
        CudaStaging.Arrange(chunk.Pointer, shape.StoredRows, shape.Columns, fill);
        chunk.Pin(_context);
        if (++_loaded == _shapes.Count && _options.MeasuresLink)
            _linkBytesPerSecond = MeasureLink();
        return new CudaStreamedMatrix(shape, _loaded - 1);
    }

    /// <summary>Takes memory from the budget until the result is disposed. Weights move to host memory now if that takes it from them.</summary>
    /// <exception cref="InvalidInputException">The budget is too small.</exception>
    /// <exception cref="DeviceMemoryException">Less memory is free than the budget says.</exception>
    public IDisposable Reserve(MemoryNeeds more)
    {
        lock (_turn)
        {
            Place(Planned(_needs + more));
            _needs += more;
        }
        // Weights move back with the next decoder, which often takes the place of this one.
        return new Reservation(() =>
        {
            lock (_turn)
                _needs -= more;
        });
    }

    /// <summary>The plan that this much more memory would leave.</summary>
    /// <exception cref="InvalidInputException">The budget is too small.</exception>
    public PlacementPlan PlanWith(MemoryNeeds more)
    {
        lock (_turn)
            return Planned(_needs + more);
    }

    /// <summary>The bytes of all matrices.</summary>
    public long Bytes => _order.Bytes;

    /// <summary>Begins a pass, when others have queued theirs.</summary>
    /// <param name="logits">Whether it uses the output projection.</param>
    public void BeginPass(bool logits)
    {
        _turn.Enter();
        try
        {
            EnsurePlaced();
        }
        catch
        {
            _turn.Exit();
            throw;
        }
        // Otherwise it was prefetched.
        if (_main is null)
            _end = logits ? _shapes.Count : _layerChunks;
    }

    /// <summary>Ends the pass, also one that failed.</summary>
    public void EndPass()
    {
        CudaStream? main = _main;
        _main = null;
        try
        {
            if (main is not null && !_isRecording)
                _ended.Record(main);
        }
        finally
        {
            _turn.Exit();
        }
    }

    /// <summary>Begins the copies of the next pass, one with logits, of what is being recorded: they run beside what is queued before the pass.</summary>
    public void Prefetch(CudaStream main)
    {
        _end = _shapes.Count;
        Fork(main);
    }

    /// <summary>The address of a chunk, for work that is queued in a stream from now on until <see cref="Release"/>.</summary>
    public nint Take(int chunk, CudaStream main)
    {
        if (_main is null)
            Fork(main);
        if (_resident[chunk] is { } resident)
            return resident.Handle;
        // The wait for the last chunk of a pass also makes the stream wait for all its copies.
        main.Wait(_filled[chunk]);
        return _ring!.Handle + (nint)_table.Offset(chunk);
    }

    /// <summary>Gives the chunk's place to later ones, when the work that is queued in the stream has ended.</summary>
    public void Release(int chunk, CudaStream main)
    {
        if (_resident[chunk] is not null)
            return;
        _drained[chunk].Record(main);
        QueueCopies(chunk);
    }

    /// <summary>Takes the turn of all passes of a step, which is recorded or replayed, until the result is disposed.</summary>
    public Step BeginStep()
    {
        _turn.Enter();
        try
        {
            EnsurePlaced();
        }
        catch
        {
            _turn.Exit();
            throw;
        }
        _isRecording = true;
        return new Step(this);
    }

    /// <summary>Lets a recording run behind the passes of other queues.</summary>
    public void BeforeLaunch(CudaStream main) => main.Wait(_ended);

    /// <summary>Lets the passes of other queues run behind a recording.</summary>
    public void AfterLaunch(CudaStream main) => _ended.Record(main);

    public void Dispose()
    {
        foreach (IDisposable? part in (IDisposable?[])[.. _stored, .. _resident, _ring, .. _filled, .. _drained, _begun, _ended, _copies])
            part?.Dispose();
    }

    /// <summary>Lets the copies of a pass begin behind what is queued in its stream.</summary>
    private void Fork(CudaStream main)
    {
        (_main, _next, _awaited) = (main, 0, -1);
        // Passes of other queues use the same ring. A recording cannot wait for them, so its launch does.
        if (!_isRecording)
            main.Wait(_ended);
        if (_plan.StreamedBytes == 0)
            return;
        _begun.Record(main);
        _copies.Wait(_begun);
        QueueCopies(-1);
    }

    /// <summary>Queues the copies whose places are free when a chunk has been used; -1 for those that are free at the begin.</summary>
    private void QueueCopies(int used)
    {
        for (; _next < _end && _table.After(_next) <= used; _next++)
        {
            if (_stored[_next] is not { } chunk)
                continue;
            // What a place held in the pass before was used before the fork. Who waits for a product waits for those before it.
            if (_table.After(_next) is var after && after > _awaited)
            {
                _copies.Wait(_drained[after]);
                _awaited = after;
            }
            chunk.CopyTo(_ring!, _table.Offset(_next) / sizeof(ushort), _copies);
            _filled[_next].Record(_copies);
        }
    }

    private void EnsurePlaced()
    {
        if (!_isPlaced)
            Place(Planned(_needs));
    }

    /// <summary>Moves weights to where a plan has them. If the device's memory ends, the next pass tries again.</summary>
    private void Place(PlacementPlan plan)
    {
        if (_isPlaced && plan.ResidentCount == _plan.ResidentCount && plan.RingBytes == _plan.RingBytes)
        {
            _plan = plan;
            return;
        }
        (_isPlaced, _plan) = (false, plan);
        Placement++;
        // Nothing that is queued uses weights any more; memory is freed before more is taken.
        _ended.Synchronize();
        for (int chunk = 0; chunk < _shapes.Count; chunk++)
        {
            if (_resident[chunk] is { } buffer && !plan.IsResident(chunk))
                Evict(chunk, buffer);
        }
        if (_ring is not null && _ring.Bytes != plan.RingBytes)
        {
            _ring.Dispose();
            _ring = null;
        }
        if (_ring is null && plan.RingBytes > 0)
            _ring = new DeviceParts(_context, "the ring of weights", areWeights: true).Allocate<ushort>(plan.RingBytes / sizeof(ushort));
        for (int chunk = 0; chunk < _shapes.Count; chunk++)
        {
            if (_stored[chunk] is { } stored && plan.IsResident(chunk))
                Admit(chunk, stored);
        }
        _table = new StreamTable([.. _stored.Select(stored => stored is null ? 0 : stored.Length * sizeof(ushort))], plan.RingBytes);
        _isPlaced = true;
    }

    private void Evict(int chunk, DeviceBuffer<ushort> buffer)
    {
        var stored = new HostChunk(buffer.Length, _options.PieceBytes / sizeof(ushort));
        try
        {
            stored.CopyFrom(buffer, _copies);
            stored.Pin(_context);
        }
        catch
        {
            stored.Dispose();
            throw;
        }
        (_stored[chunk], _resident[chunk]) = (stored, null);
        buffer.Dispose();
    }

    private void Admit(int chunk, HostChunk stored)
    {
        DeviceBuffer<ushort> buffer = new DeviceParts(_context, "weights that stay", areWeights: true).Allocate<ushort>(stored.Length);
        try
        {
            stored.CopyTo(buffer, 0, _copies);
            _copies.Synchronize();
        }
        catch
        {
            buffer.Dispose();
            throw;
        }
        (_stored[chunk], _resident[chunk]) = (null, buffer);
        stored.Dispose();
    }

    /// <summary>The rate of copies, in bytes a second: a gigabyte is enough, and no more is copied.</summary>
    private double MeasureLink()
    {
        const long Enough = 1 << 30;
        using DeviceBuffer<ushort> target = new DeviceParts(_context, "room to measure copies", areWeights: true).Allocate<ushort>(_order.Largest / sizeof(ushort));
        // The first copy of all makes the driver prepare itself.
        _stored[0]!.CopyTo(target, 0, _copies);
        _copies.Synchronize();
        long start = Stopwatch.GetTimestamp(), copied = 0;
        for (int chunk = 0; chunk < _stored.Length && copied < Enough; chunk++)
        {
            _stored[chunk]!.CopyTo(target, 0, _copies);
            copied += _stored[chunk]!.Length * sizeof(ushort);
        }
        _copies.Synchronize();
        return copied / Math.Max(Stopwatch.GetElapsedTime(start).TotalSeconds, 1e-9);
    }

    private PlacementPlan Planned(MemoryNeeds needs)
    {
        // A byte of the ring is a byte less that stays. A layer is enough to copy while matrices are multiplied.
        long layer = _order.Count < 4 ? _order.Bytes : _shapes.Take(4).Sum(CudaMemory.BytesOf), room = Math.Max(0, _options.Budget - needs.Total);
        PlacementPlan plan = PlacementPlanner.Plan(_order, _options.Budget, needs, _options.Mode, _options.Mode == StreamMode.All ? null : Math.Min(layer, room / 4), Option);
        return _options.Change?.Invoke(plan) ?? plan;
    }

    /// <summary>The turn of a step.</summary>
    public readonly struct Step(CudaWeightStream stream) : IDisposable
    {
        public void Dispose()
        {
            (stream._isRecording, stream._main) = (false, null);
            stream._turn.Exit();
        }
    }
}

/// <summary>A matrix that is a chunk of a stream: on the device from the chunk's arrival to the end of its product, or as long as it is resident.</summary>
internal sealed class CudaStreamedMatrix(MatMulShape shape, int chunk) : Matrix(shape.Outputs, shape.Columns)
{
    public int Chunk { get; } = chunk;
}

/// <summary>How weights are streamed to a device.</summary>
internal sealed record CudaStreamOptions
{
    /// <summary>The bytes that the device may hold.</summary>
    public required long Budget { get; init; }

    /// <summary>The bytes that weights may take in the host's memory.</summary>
    public required long HostBudget { get; init; }

    /// <summary>What the device holds besides the stream and decoders.</summary>
    public MemoryNeeds Needs { get; init; }

    /// <summary>Which weights may stay on the device.</summary>
    public StreamMode Mode { get; init; }

    /// <summary>Whether the rate of copies is measured, when all matrices are loaded.</summary>
    public bool MeasuresLink { get; init; }

    /// <summary>The most bytes of host memory to register at once.</summary>
    public long PieceBytes { get; init; } = 1 << 30;

    /// <summary>Changes plans, for tests.</summary>
    public Func<PlacementPlan, PlacementPlan>? Change { get; init; }
}

/// <summary>The state of a model whose weights are streamed to a device, which only queues work: when copies run, and who waits for them, is not known.</summary>
/// <param name="Plan">Where its weights are.</param>
/// <param name="LinkBytesPerSecond">The rate of copies; 0 if it was not measured.</param>
/// <param name="PageableBytes">The bytes of host memory that the driver did not pin.</param>
internal sealed record DeviceStreamInfo(PlacementPlan Plan, double LinkBytesPerSecond, long PageableBytes) : WeightStreamInfo(Plan, LinkBytesPerSecond, 0, TimeSpan.Zero, true)
{
    public override bool HasTimes => false;

    public override string Note => Plan.Text(LinkBytesPerSecond > 0 ? LinkBytesPerSecond : null, "on the device", "host memory")
        + (PageableBytes == 0 ? "" : $" ({MemoryBudget.Text(PageableBytes)} of host memory could not be pinned: their copies are several times slower, and nothing runs beside them)");
}
