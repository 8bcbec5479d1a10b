using Sequoia.Native.Backends.Cpu;

namespace Sequoia.Native.Tests.Backends;

public sealed class WorkerPoolTests
{
    // It only ends what hangs.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    [Test]
    public void Every_item_is_done_once_whatever_the_threads_do()
    {
        using var pool = new WorkerPool(4);
        for (int round = 0; round < 20_000; round++)
        {
            var job = new CountingJob(1 + (round % 37));
            pool.Run(job, job.Items);
            Assert.That(job.Counts, Is.All.EqualTo(1), $"round {round}");
            if (round % 1000 == 0)
                Thread.Sleep(3);
        }
    }

    [Test]
    public void Long_items_are_shared_out()
    {
        using var pool = new WorkerPool(2);
        for (int round = 0; round < 20; round++)
        {
            using var job = new MeetingJob(workers: 2);
            pool.Run(job, 2);
            Assert.That(job.Met, $"round {round}: two items, each as long as the other has not begun");
        }
    }

    [Test]
    public void A_failing_item_reaches_the_caller_and_leaves_the_pool_usable()
    {
        using var pool = new WorkerPool(2);
        Assert.That(() => pool.Run(new FailingJob(), 50), Throws.TypeOf<ArithmeticException>());
        var job = new CountingJob(50);
        pool.Run(job, job.Items);
        Assert.That(job.Counts, Is.All.EqualTo(1));
    }

    [Test]
    public void Pools_of_one_size_take_turns_on_the_same_threads()
    {
        using WorkerPool one = new(3), two = new(3);
        CountingJob[] jobs = [.. Enumerable.Range(0, 400).Select(_ => new CountingJob(11))];
        Parallel.For(0, jobs.Length, i => (i % 2 == 0 ? one : two).Run(jobs[i], jobs[i].Items));
        Assert.That(jobs.SelectMany(job => job.Counts), Is.All.EqualTo(1));
    }

    // A size that nobody else uses, so that the threads' numbers are those of this test.
    private const int OwnSize = 29;

    [Test]
    public void The_threads_end_with_the_last_pool_and_begin_anew_with_the_next()
    {
        var one = new WorkerPool(OwnSize);
        var two = new WorkerPool(OwnSize);
        one.Dispose();
        one.Dispose();
        Assert.That(() => one.Run(new CountingJob(2), 2), Throws.TypeOf<ObjectDisposedException>());
        Run(two);
        Assert.That(ThreadsOfOwnSize(), Is.EqualTo(1), "the threads live as long as one pool");
        two.Dispose();
        AssertThatTheThreadsEnd();
        using var three = new WorkerPool(OwnSize);
        Run(three);
        Assert.That(ThreadsOfOwnSize(), Is.EqualTo(1));
    }

    [Test]
    public void The_threads_of_forgotten_pools_end()
    {
        Forget();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        AssertThatTheThreadsEnd();

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static void Forget() => Run(new WorkerPool(OwnSize));
    }

    private static void Run(WorkerPool pool)
    {
        var job = new CountingJob(50);
        pool.Run(job, job.Items);
        Assert.That(job.Counts, Is.All.EqualTo(1));
    }

    // Counted by the last thread's name, which the system cuts to 15 characters.
    private static int ThreadsOfOwnSize() => Directory.GetDirectories("/proc/self/task").Count(task =>
    {
        try
        {
            return File.ReadAllText(Path.Combine(task, "comm")).TrimEnd() == WorkerPool.ThreadName(OwnSize - 1);
        }
        catch (IOException)
        {
            // It ended between the two calls.
            return false;
        }
    });

    private static void AssertThatTheThreadsEnd() => Assert.That(ThreadsOfOwnSize, Is.Zero.After((int)Patience.TotalMilliseconds, 5), "threads that nobody uses");

    private sealed class CountingJob(int items) : ParallelJob
    {
        public int Items { get; } = items;

        public int[] Counts { get; } = new int[items];

        public override void Execute(int item, int worker) => Interlocked.Increment(ref Counts[item]);
    }

    /// <summary>Items that wait for each other, so that they end only where each has a worker.</summary>
    private sealed class MeetingJob(int workers) : ParallelJob, IDisposable
    {
        private readonly CountdownEvent _missing = new(workers);
        private int _met;

        public bool Met => _met == workers;

        public override void Execute(int item, int worker)
        {
            _missing.Signal();
            if (_missing.Wait(Patience))
                Interlocked.Increment(ref _met);
        }

        public void Dispose() => _missing.Dispose();
    }

    private sealed class FailingJob : ParallelJob
    {
        public override void Execute(int item, int worker)
        {
            if (item == 7)
                throw new ArithmeticException("item 7");
        }
    }
}
