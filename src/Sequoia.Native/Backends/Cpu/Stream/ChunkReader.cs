using System.Diagnostics;
using System.Runtime.ExceptionServices;
using Sequoia.Native.Backends.Streaming;
using Sequoia.Native.Numerics;

namespace Sequoia.Native.Backends.Cpu;

/// <summary>
/// Threads that read a model's chunks in the order of use, always as far ahead as the ring has room: also while the draft computes, into the next pass. A pass waits for
/// a chunk, uses it and gives it back. Chunks of all passes have one numbering: pass x number of chunks + chunk.
/// </summary>
internal sealed unsafe class ChunkReader : ChunkSource
{
    // A waiting pass looks this often whether it was cancelled.
    private static readonly TimeSpan s_cancellationDelay = TimeSpan.FromMilliseconds(50);

    private readonly WeightChunks _chunks;
    private readonly StreamFiles _files;
    private readonly object _gate = new();
    private readonly int _count;
    private readonly bool[] _kept;
    private readonly long[] _filledIn, _usedIn;
    private readonly Thread[] _threads;

    private PageBuffer _residents = new(0);
    private PageBuffer _ring = new(0);
    private PlacementPlan _plan;
    private PlacementPlan? _wanted;
    private StreamTable _table;
    private Exception? _failure;
    // The pass that runs or comes next; all chunks before _used are used; _next is the next to read.
    private long _pass, _used, _next;
    private bool _inPass, _logits, _paused = true, _ended;
    private int _reading;
    private CancellationToken _cancellation;
    private long _bytesRead, _waited;

    /// <param name="chunks">The chunks.</param>
    /// <param name="files">Reads them.</param>
    /// <param name="plan">Where they are.</param>
    /// <param name="readers">The number of threads.</param>
    public ChunkReader(WeightChunks chunks, StreamFiles files, PlacementPlan plan, int readers)
    {
        (_chunks, _files, _plan, _wanted, _count) = (chunks, files, plan, plan, chunks.All.Count);
        _table = new StreamTable([], 0);
        (_kept, _filledIn, _usedIn) = (new bool[_count], new long[_count], new long[_count]);
        Array.Fill(_filledIn, -1);
        Array.Fill(_usedIn, -1);
        _threads = [.. Enumerable.Range(0, readers).Select(i => new Thread(Work) { IsBackground = true, Name = $"Sequoia read {i}" })];
        foreach (Thread thread in _threads)
            thread.Start();
    }

    public override PlacementPlan Plan
    {
        get
        {
            lock (_gate)
                return _wanted ?? _plan;
        }
    }

    public override long BytesRead
    {
        get
        {
            lock (_gate)
                return _bytesRead;
        }
    }

    public override TimeSpan Waited
    {
        get
        {
            lock (_gate)
                return Stopwatch.GetElapsedTime(0, _waited);
        }
    }

    public override void Change(PlacementPlan plan)
    {
        lock (_gate)
            _wanted = plan;
    }

    public override void Begin(bool logits, CancellationToken cancellation)
    {
        lock (_gate)
        {
            _files.RequireUnchanged();
            if (_wanted is not null || _paused)
                Restart();
            (_inPass, _logits, _cancellation) = (true, logits, cancellation);
            Monitor.PulseAll(_gate);
        }
    }

    public override void End()
    {
        lock (_gate)
        {
            _inPass = false;
            _cancellation = default;
            bool complete = _used >= (_pass * _count) + (_logits ? _count : _chunks.HeadStart);
            _pass++;
            if (!complete || _failure is not null)
            {
                Pause();
                return;
            }
            _used = _pass * _count;
            _next = Math.Max(_next, _used);
            Monitor.PulseAll(_gate);
        }
    }

    public override int Wait(int chunk, int end)
    {
        lock (_gate)
        {
            if (!_inPass)
                throw new InvalidOperationException("streamed weights are used in a pass only");
            if (!IsThere(chunk))
            {
                long start = Stopwatch.GetTimestamp();
                do
                {
                    if (_failure is { } failure)
                        ExceptionDispatchInfo.Throw(failure);
                    _cancellation.ThrowIfCancellationRequested();
                    Monitor.Wait(_gate, s_cancellationDelay);
                }
                while (!IsThere(chunk));
                _waited += Stopwatch.GetTimestamp() - start;
            }
            while (++chunk < end && IsThere(chunk))
            {
            }
            return chunk;
        }
    }

    public override byte* Address(int chunk) => PlaceOf(chunk) + _chunks.All[chunk].Skew;

    public override void Release(int chunk)
    {
        lock (_gate)
        {
            _usedIn[chunk] = _pass;
            long before = _used;
            while (_used < (_pass + 1) * _count && _usedIn[_used - (_pass * _count)] == _pass)
                _used++;
            if (_used > before)
                Monitor.PulseAll(_gate);
        }
    }

    public override void Stop()
    {
        lock (_gate)
        {
            _ended = true;
            Monitor.PulseAll(_gate);
        }
    }

    public override void Dispose()
    {
        Stop();
        foreach (Thread thread in _threads)
            thread.Join();
        _ring.Dispose();
        _residents.Dispose();
    }

    private bool IsThere(int chunk) => _kept[chunk] || _filledIn[chunk] == _pass;

    private byte* PlaceOf(int chunk) => _plan.IsResident(chunk) ? _residents.Pointer + _plan.Chunks.BytesOf(_plan.Chunks.Rank(chunk)) : _ring.Pointer + _table.Offset(chunk);

    /// <summary>Stops reading and forgets what was read ahead. Called with the gate held.</summary>
    private void Pause()
    {
        _paused = true;
        while (_reading > 0)
            Monitor.Wait(_gate);
    }

    /// <summary>Begins to read at the beginning of a new pass, with the plan that is wanted. Called with the gate held.</summary>
    private void Restart()
    {
        Pause();
        // A new number, so that nothing that was read ahead counts.
        _pass++;
        _used = _next = _pass * _count;
        _failure = null;
        if (_wanted is { } plan)
            Place(plan);
        _paused = false;
    }

    private void Place(PlacementPlan plan)
    {
        for (int i = 0; i < _count; i++)
            _kept[i] &= plan.IsResident(i);
        // Residents are in the order in which they become so: what goes is at the end.
        if (_residents.Length < plan.ResidentBytes)
        {
            Array.Clear(_kept);
            _residents.Dispose();
            _residents = new PageBuffer(0);
            _residents = NewResidents(plan.ResidentBytes);
        }
        else
        {
            _residents.Discard(plan.ResidentBytes);
        }
        if (_ring.Length != plan.RingBytes)
        {
            _ring.Dispose();
            _ring = new PageBuffer(0);
            _ring = new PageBuffer(plan.RingBytes);
        }
        _table = new StreamTable([.. _chunks.All.Select((chunk, i) => plan.IsResident(i) ? 0 : chunk.ReadBytes)], plan.RingBytes);
        _plan = plan;
        // If memory was refused above, the next pass tries again.
        _wanted = null;
    }

    /// <summary>Address space for all that may ever be resident costs nothing where memory is taken on first use; where it is limited, for what is resident now.</summary>
    private PageBuffer NewResidents(long bytes)
    {
        try
        {
            return new PageBuffer(OperatingSystem.IsLinux() ? _chunks.Bytes : bytes);
        }
        catch (InvalidInputException)
        {
            return new PageBuffer(bytes);
        }
    }

    private void Work()
    {
        while (true)
        {
            int chunk;
            long pass;
            lock (_gate)
            {
                while (!_ended && (_paused || !FindNext()))
                    Monitor.Wait(_gate);
                if (_ended)
                    return;
                (pass, chunk) = (_next / _count, (int)(_next % _count));
                _next++;
                _reading++;
            }
            Exception? failure = null;
            try
            {
                _files.Read(chunk, PlaceOf(chunk));
            }
            catch (Exception e)
            {
                failure = e;
            }
            lock (_gate)
            {
                _reading--;
                if (failure is null)
                {
                    _bytesRead += _chunks.All[chunk].ReadBytes;
                    _filledIn[chunk] = pass;
                    _kept[chunk] = _plan.IsResident(chunk);
                }
                else
                {
                    _failure ??= failure;
                    _paused = true;
                }
                Monitor.PulseAll(_gate);
            }
        }
    }

    /// <summary>Advances to the next chunk to read; false if none may be read yet. Called with the gate held.</summary>
    private bool FindNext()
    {
        // At most one pass ahead. Whether a pass needs the output projection is known when it begins.
        while (true)
        {
            long pass = _next / _count;
            int chunk = (int)(_next % _count);
            bool begun = pass == _pass && _inPass;
            if (pass > _pass + (_inPass ? 1 : 0) || (chunk >= _chunks.HeadStart && !begun))
                return false;
            if (chunk >= _chunks.HeadStart && !_logits)
                _next = (pass + 1) * _count;
            else if (_kept[chunk])
                _next++;
            else
                return _used > (pass * _count) + _table.After(chunk);
        }
    }
}
