using System.Runtime.ExceptionServices;

namespace Sequoia.Native.Backends.Cpu;

/// <summary>Work that is split into independent items; which thread runs which item never changes a bit of the result.</summary>
internal abstract class ParallelJob
{
    /// <summary>Runs one item. <paramref name="worker"/> (0 .. threads-1) identifies the thread's scratch memory.</summary>
    public abstract void Execute(int item, int worker);
}

/// <summary>
/// A user's share of the process's worker threads. Pools of one size share the same threads, which run the items of one job at a time. The
/// threads start with the first pool of their size and end when the last is disposed or collected. Thread-safe.
/// </summary>
internal sealed class WorkerPool : IDisposable
{
    private static readonly Dictionary<int, Workers> Running = [];

    private Workers? _workers;

    public WorkerPool(int threads)
    {
        Threads = threads;
        lock (Running)
        {
            if (!Running.TryGetValue(threads, out Workers? workers))
                Running.Add(threads, workers = new Workers(threads));
            workers.Pools++;
            _workers = workers;
        }
    }

    ~WorkerPool() => Leave();

    public int Threads { get; }

    /// <summary>Runs items 0 .. items-1 and returns when all are done; jobs of other pools of this size wait meanwhile.</summary>
    public void Run(ParallelJob job, int items)
    {
        Workers workers = _workers ?? throw new ObjectDisposedException(nameof(WorkerPool));
        if (Threads == 1 || items == 1)
        {
            for (int item = 0; item < items; item++)
                job.Execute(item, 0);
        }
        else
        {
            lock (workers)
                workers.Run(job, items);
        }
        // The threads must not end, nor the job's operands be collected, before the job is done.
        GC.KeepAlive(this);
        GC.KeepAlive(job);
    }

    /// <summary>The name of a worker thread; systems show 15 characters.</summary>
    public static string ThreadName(int worker) => $"Sequoia {worker}";

    public void Dispose()
    {
        Leave();
        GC.SuppressFinalize(this);
    }

    private void Leave()
    {
        if (Interlocked.Exchange(ref _workers, null) is not { } workers)
            return;
        lock (Running)
        {
            if (--workers.Pools > 0)
                return;
            Running.Remove(Threads);
        }
        workers.End();
    }

    /// <summary>
    /// A fixed set of threads. The caller works too and waits only for items that a worker has begun, so a worker that is descheduled
    /// between items delays nothing. Between jobs, workers spin for a short while (jobs follow each other within microseconds during a step),
    /// then sleep.
    /// </summary>
    [System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1001", Justification = "The semaphore has no wait handle, and threads may still be leaving it.")]
    private sealed class Workers
    {
        private const int SpinsBeforeSleep = 4000;
        private const int SpinsBeforeYield = 500;
        private const int IndexBits = 24;
        private const long IndexMask = (1L << IndexBits) - 1;

        private readonly SemaphoreSlim _wake = new(0);
        private readonly int _threads;
        private ParallelJob? _job;
        private Exception? _failure;
        private int _epoch;
        private int _sleepers;
        private volatile bool _ended;

        // epoch (16 bits) | item count (24 bits) | next item (24 bits): one atomic addition claims an item and identifies its job.
        private long _state;
        private int _remaining;

        public Workers(int threads)
        {
            try
            {
                for (int worker = 1; worker < threads; worker++)
                {
                    int id = worker;
                    new Thread(() => Work(id)) { IsBackground = true, Name = ThreadName(id) }.Start();
                    _threads++;
                }
            }
            catch
            {
                End();
                throw;
            }
        }

        /// <summary>The users of the threads; changed under the global lock.</summary>
        public int Pools { get; set; }

        public void End()
        {
            _ended = true;
            if (_threads > 0)
                _wake.Release(_threads);
        }

        /// <summary>Runs all items. The caller holds the lock of this object.</summary>
        public void Run(ParallelJob job, int items)
        {
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
                // A worker that was descheduled inside an item needs the processor more than this loop does.
                if (spins > SpinsBeforeYield)
                    Thread.Yield();
            }
            // Threads that outlive the job must not keep its operands alive.
            _job = null;
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
                // The job cannot change concurrently: it is complete only when this item is.
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
                    if (_ended)
                        return;
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
}
