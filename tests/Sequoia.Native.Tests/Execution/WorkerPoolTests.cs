using Sequoia.Native.Execution.Cpu;

namespace Sequoia.Native.Tests.Execution;

public sealed class WorkerPoolTests
{
    [Test]
    public void Every_item_is_done_once_whatever_the_threads_do()
    {
        WorkerPool pool = WorkerPool.Shared(4);
        lock (pool)
        {
            for (int round = 0; round < 20_000; round++)
            {
                var job = new CountingJob(1 + (round % 37));
                pool.Run(job, job.Items);
                Assert.That(job.Counts, Is.All.EqualTo(1), $"round {round}");
                if (round % 1000 == 0)
                    Thread.Sleep(3);
            }
        }
    }

    [Test]
    public void Long_items_are_shared_out()
    {
        WorkerPool pool = WorkerPool.Shared(2);
        var job = new SlowJob();
        lock (pool)
            pool.Run(job, 20);
        Assert.That(job.ByWorker[0], Is.GreaterThan(2));
        Assert.That(job.ByWorker[1], Is.GreaterThan(2));
    }

    [Test]
    public void A_failing_item_reaches_the_caller_and_leaves_the_pool_usable()
    {
        WorkerPool pool = WorkerPool.Shared(2);
        lock (pool)
        {
            Assert.That(() => pool.Run(new FailingJob(), 50), Throws.TypeOf<ArithmeticException>());
            var job = new CountingJob(50);
            pool.Run(job, job.Items);
            Assert.That(job.Counts, Is.All.EqualTo(1));
        }
    }

    private sealed class CountingJob(int items) : ParallelJob
    {
        public int Items { get; } = items;

        public int[] Counts { get; } = new int[items];

        public override void Execute(int item, int worker) => Interlocked.Increment(ref Counts[item]);
    }

    private sealed class SlowJob : ParallelJob
    {
        public int[] ByWorker { get; } = new int[2];

        public override void Execute(int item, int worker)
        {
            Thread.Sleep(5);
            Interlocked.Increment(ref ByWorker[worker]);
        }
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
