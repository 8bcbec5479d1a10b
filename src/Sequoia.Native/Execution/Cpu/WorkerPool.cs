using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;

namespace Sequoia.Native.Execution.Cpu;

/// <summary>Work that is split into independent items; which thread takes which item never changes a bit of the result.</summary>
internal abstract class ParallelJob
{
    /// <summary>Does one item. <paramref name="worker"/> (0 .. threads-1) names the thread's scratch memory.</summary>
    public abstract void Execute(int item, int worker);
}

/// <summary>
/// A fixed set of threads that share out the items of one job at a time. The caller works too and waits only for items that a
/// worker has begun, so a worker that the system has put aside between items delays nothing. Between jobs workers spin for a short while
/// (jobs follow each other within microseconds during a step), then sleep.
/// </summary>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1001", Justification = "Pools live as long as the process.")]
internal sealed class WorkerPool
{
    private const int SpinsBeforeSleep = 4000;
    private const int SpinsBeforeYield = 500;
    private const int IndexBits = 24;
    private const long IndexMask = (1L << IndexBits) - 1;

    private static readonly ConcurrentDictionary<int, Lazy<WorkerPool>> Pools = new();

    private readonly SemaphoreSlim _wake = new(0);
    private ParallelJob? _job;
    private Exception? _failure;
    private int _epoch;
    private int _sleepers;

    // epoch (16 bits) | item count (24 bits) | next item (24 bits): one atomic addition claims an item and tells which job it is of.
    private long _state;
    private int _remaining;

    private WorkerPool(int threads)
    {
        Threads = threads;
        for (int worker = 1; worker < threads; worker++)
        {
            int id = worker;
            new Thread(() => Work(id)) { IsBackground = true, Name = $"Sequoia worker {id}" }.Start();
        }
    }

    public int Threads { get; }

    /// <summary>The process's pool of so many threads. Callers lock it while they use it.</summary>
    public static WorkerPool Shared(int threads) =>
        Pools.GetOrAdd(threads, n => new Lazy<WorkerPool>(() => new WorkerPool(n))).Value;

    /// <summary>Runs items 0 .. items-1 and returns when all are done. The caller holds the pool's lock.</summary>
    public void Run(ParallelJob job, int items)
    {
        if (Threads == 1 || items == 1)
        {
            for (int item = 0; item < items; item++)
                job.Execute(item, 0);
            return;
        }
        _job = job;
        Volatile.Write(ref _remaining, items);
        _epoch = (_epoch + 1) & 0xFFFF;
        Interlocked.Exchange(ref _state, ((long)_epoch << (2 * IndexBits)) | ((long)items << IndexBits));
        int sleepers = Volatile.Read(ref _sleepers);
        if (sleepers > 0)
            _wake.Release(Math.Min(sleepers, items - 1));
        while (TakeItem(0))
        {
        }
        for (int spins = 0; Volatile.Read(ref _remaining) != 0; spins++)
        {
            Thread.SpinWait(4);
            // A worker that was put aside inside an item needs the processor more than this loop.
            if (spins > SpinsBeforeYield)
                Thread.Yield();
        }
        if (_failure is { } failure)
        {
            _failure = null;
            ExceptionDispatchInfo.Throw(failure);
        }
    }

    private bool TakeItem(int worker)
    {
        long claim = Interlocked.Increment(ref _state) - 1;
        int item = (int)(claim & IndexMask), items = (int)((claim >> IndexBits) & IndexMask);
        if (item >= items)
            return false;
        try
        {
            // The job cannot change under us: it is complete only when this item is.
            _job!.Execute(item, worker);
        }
        catch (Exception e)
        {
            _failure = e;
        }
        Interlocked.Decrement(ref _remaining);
        return true;
    }

    private void Work(int worker)
    {
        long seen = 0;
        while (true)
        {
            int spins = 0;
            while (EpochOf(Volatile.Read(ref _state)) == seen)
            {
                if (++spins < SpinsBeforeSleep)
                {
                    Thread.SpinWait(4);
                    continue;
                }
                Interlocked.Increment(ref _sleepers);
                if (EpochOf(Volatile.Read(ref _state)) == seen)
                    _wake.Wait();
                Interlocked.Decrement(ref _sleepers);
                spins = 0;
            }
            seen = EpochOf(Volatile.Read(ref _state));
            while (TakeItem(worker))
            {
            }
        }
    }

    private static long EpochOf(long state) => state >>> (2 * IndexBits);
}
