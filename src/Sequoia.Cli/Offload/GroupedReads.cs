using System.Diagnostics;
using System.Runtime.ExceptionServices;
using Sequoia.Native.Backends.Cpu;
using Sequoia.Native.Backends.Streaming;
using Sequoia.Native.Numerics;

namespace Sequoia.Cli.Offload;

/// <summary>
/// Our re-implementation of what other systems do: weights are read in groups (a matrix, a tensor, a layer), each into memory of its own, and every pass begins anew. What
/// differs is how far reading is ahead of the group that a pass waits for.
/// </summary>
internal sealed unsafe class GroupedReads : ChunkSource
{
    private readonly WeightChunks _chunks;
    private readonly StreamFiles _files;
    private readonly OffloadStrategy _strategy;
    private readonly PlacementPlan _plan;
    private readonly int[] _groupOf, _firsts;
    private readonly long[] _groupBytes;
    private readonly PageBuffer?[] _buffers;
    private readonly bool[] _there;
    private readonly int[] _left;
    private readonly Stack<PageBuffer> _spare = [];
    private readonly object _gate = new();
    private readonly Thread _thread;
    // The group that the pass waits for or uses, and the next to read.
    private int _requested, _next;
    private bool _running, _logits, _ended;
    private Exception? _failure;
    private CancellationToken _cancellation;
    private long _bytesRead, _waited;

    public GroupedReads(WeightChunks chunks, StreamFiles files, PlacementPlan plan, OffloadStrategy strategy)
    {
        (_chunks, _files, _plan, _strategy) = (chunks, files, plan, strategy);
        int count = chunks.All.Count;
        _groupOf = new int[count];
        var firsts = new List<int>();
        for (int i = 0; i < count; i++)
        {
            if (i == 0 || strategy.GroupName(chunks.All[i].Tensor.Name) != strategy.GroupName(chunks.All[i - 1].Tensor.Name))
                firsts.Add(i);
            _groupOf[i] = firsts.Count - 1;
        }
        _firsts = [.. firsts, count];
        _groupBytes = [.. Enumerable.Range(0, firsts.Count).Select(group => Chunks(group).Sum(i => chunks.All[i].ReadBytes))];
        (_buffers, _there, _left) = (new PageBuffer?[firsts.Count], new bool[firsts.Count], new int[firsts.Count]);
        _thread = new Thread(Work) { IsBackground = true, Name = "Sequoia groups" };
        _thread.Start();
    }

    public override PlacementPlan Plan => _plan;

    public override long BytesRead => Interlocked.Read(ref _bytesRead);

    public override TimeSpan Waited => Stopwatch.GetElapsedTime(0, Interlocked.Read(ref _waited));

    public override void Change(PlacementPlan plan)
    {
        // These strategies have no plan to change.
    }

    public override void Begin(bool logits, CancellationToken cancellation)
    {
        lock (_gate)
        {
            (_requested, _next, _logits, _cancellation, _running) = (0, 0, logits, cancellation, true);
            for (int group = 0; group < _left.Length; group++)
                _left[group] = _firsts[group + 1] - _firsts[group];
            Monitor.PulseAll(_gate);
        }
    }

    public override void End()
    {
        lock (_gate)
        {
            _running = false;
            _failure = null;
        }
    }

    public override int Wait(int chunk, int end)
    {
        int group = _groupOf[chunk];
        long start = Stopwatch.GetTimestamp();
        lock (_gate)
        {
            _requested = group;
            Monitor.PulseAll(_gate);
            while (!_there[group])
            {
                if (_failure is not null)
                    ExceptionDispatchInfo.Throw(_failure);
                _cancellation.ThrowIfCancellationRequested();
                Monitor.Wait(_gate, TimeSpan.FromMilliseconds(50));
            }
        }
        Interlocked.Add(ref _waited, Stopwatch.GetTimestamp() - start);
        return Math.Min(end, _firsts[group + 1]);
    }

    public override byte* Address(int chunk)
    {
        int group = _groupOf[chunk];
        return _buffers[group]!.Pointer + OffsetOf(chunk) + _chunks.All[chunk].Skew;
    }

    public override void Release(int chunk)
    {
        int group = _groupOf[chunk];
        lock (_gate)
        {
            if (--_left[group] > 0)
                return;
            _there[group] = false;
            if (_strategy.KeepsBuffers)
                _spare.Push(_buffers[group]!);
            else
                _buffers[group]!.Dispose();
            _buffers[group] = null;
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
        _thread.Join();
        foreach (PageBuffer? buffer in _buffers.Concat(_spare))
            buffer?.Dispose();
    }

    private IEnumerable<int> Chunks(int group) => Enumerable.Range(_firsts[group], _firsts[group + 1] - _firsts[group]);

    private long OffsetOf(int chunk)
    {
        long offset = 0;
        for (int i = _firsts[_groupOf[chunk]]; i < chunk; i++)
            offset += _chunks.All[i].ReadBytes;
        return offset;
    }

    private bool MayRead()
    {
        if (!_running || _failure is not null || _next >= _groupBytes.Length || (_firsts[_next] >= _chunks.HeadStart && !_logits))
            return false;
        long ahead = 0;
        for (int group = _requested + 1; group <= _next; group++)
            ahead += _groupBytes[group];
        return _next <= _requested || _strategy.MayReadAhead(_next - _requested, ahead);
    }

    private void Work()
    {
        while (true)
        {
            int group;
            PageBuffer buffer;
            lock (_gate)
            {
                while (!_ended && !MayRead())
                    Monitor.Wait(_gate);
                if (_ended)
                    return;
                group = _next++;
                buffer = _spare.TryPop(out PageBuffer? spare) ? spare : new PageBuffer(_strategy.KeepsBuffers ? _groupBytes.Max() : _groupBytes[group]);
            }
            try
            {
                foreach (int chunk in Chunks(group))
                {
                    _files.Read(chunk, buffer.Pointer + OffsetOf(chunk));
                    Interlocked.Add(ref _bytesRead, _chunks.All[chunk].ReadBytes);
                }
            }
            catch (Exception e)
            {
                _failure = e;
            }
            lock (_gate)
            {
                (_buffers[group], _there[group]) = (buffer, _failure is null);
                Monitor.PulseAll(_gate);
            }
        }
    }
}

/// <summary>One token at a time with weights that do not fit, as a system does it.</summary>
/// <param name="Name">The name in tables.</param>
/// <param name="Like">The system.</param>
/// <param name="What">What it does.</param>
/// <param name="GroupName">Consecutive tensors with the same result are read as one.</param>
/// <param name="MayReadAhead">Whether a group may be read, so many groups and bytes (its own included) behind the one that is used.</param>
/// <param name="KeepsBuffers">Whether memory is used again, and not given back after every group.</param>
internal sealed record OffloadStrategy(string Name, string Like, string What, Func<string, string> GroupName, Func<int, long, bool> MayReadAhead, bool KeepsBuffers)
{
    /// <summary>All of them, for a model of this width.</summary>
    public static IReadOnlyList<OffloadStrategy> All(int hidden) =>
    [
        new("sync", "Accelerate", "each matrix is read when it is needed, into new memory", Matrix, (_, _) => false, false),
        new("bucket", "ZeRO-Inference", "tensors are read ahead, up to 2 h^2 elements of them", name => name, (_, bytes) => bytes <= 2L * hidden * hidden * 2, false),
        new("two-buffers", "Sequoia's own script", "a layer is read while another is used; nothing is read between passes", Layer, (groups, _) => groups <= 1, true),
    ];

    // As they are stacked for one product.
    private static string Matrix(string tensor) => tensor
        .Replace("q_proj", "qkv", StringComparison.Ordinal).Replace("k_proj", "qkv", StringComparison.Ordinal).Replace("v_proj", "qkv", StringComparison.Ordinal)
        .Replace("up_proj", "gate_proj", StringComparison.Ordinal);

    // model.layers.N.rest
    private static string Layer(string tensor) => tensor.Split('.') is ["model", "layers", var layer, ..] ? layer : tensor;
}
