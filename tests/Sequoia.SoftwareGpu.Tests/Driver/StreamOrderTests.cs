using Sequoia.Interop;

namespace Sequoia.SoftwareGpu.Tests.Driver;

/// <summary>Random programs for several streams, in all orders.</summary>
public sealed class StreamOrderTests : StreamFixture
{
    private const int Programs = 150, Operations = 14, Buffers = 6, Streams = 3;

    private static readonly LaunchOptions[] s_orders =
    [
        new() { Checks = true },
        new() { Checks = true, StreamOrder = StreamOrder.EarlyCopies },
        new() { Checks = true, StreamOrder = StreamOrder.LateCopies },
        .. Enumerable.Range(1, 6).Select(seed => new LaunchOptions { Checks = true, StreamOrder = StreamOrder.Random, Seed = (ulong)seed }),
    ];

    /// <summary>
    /// Whether a program races does not depend on the order, and a program without races gives the same results in every order. The default stream and
    /// blocking streams take part outside of graphs.
    /// </summary>
    [Test]
    public void Only_programs_that_race_depend_on_the_order([Values] bool isGraph)
    {
        int races = 0, differ = 0;
        for (int program = 0; program < Programs; program++)
        {
            (int[] Data, bool HasRace)[] runs = [.. s_orders.Select(order => Run(program, isGraph, order))];
            string where = $"program {program}";
            Assert.That(runs.Select(run => run.HasRace).Distinct().Count(), Is.EqualTo(1), where);
            bool isSame = runs.All(run => run.Data.SequenceEqual(runs[0].Data));
            if (!runs[0].HasRace)
                Assert.That(isSame, where);
            races += runs[0].HasRace ? 1 : 0;
            differ += isSame ? 0 : 1;
        }
        TestContext.Out.WriteLine($"{races} of {Programs} programs race, {differ} differ");
        // Programs of either kind, and orders that make a difference.
        Assert.That(races, Is.InRange(Programs / 10, Programs * 9 / 10));
        Assert.That(differ, Is.GreaterThan(Programs / 20));
    }

    [Test]
    public void Default_and_blocking_streams_keep_their_order_in_every_order()
    {
        foreach (LaunchOptions order in s_orders)
        {
            SoftwareDriver.Options = order;
            using CudaStream blocking = Context.CreateStream(), other = Context.CreateStream();
            using DeviceBuffer<int> data = Numbers(new int[32]), sums = Numbers(new int[32]);
            for (int i = 1; i <= 200; i++)
            {
                data.FillAsync(i, i % 2 == 0 ? blocking : other);
                Accumulate(data, sums, stream: null);
            }
            Context.Synchronize();
            Assert.That(sums.ToArray(), Is.All.EqualTo(200 * 201 / 2));
            Assert.That(TakeFindings(), Is.Empty);
        }
    }

    private (int[] Data, bool HasRace) Run(int program, bool isGraph, LaunchOptions order)
    {
        var random = new Random(program);
        SoftwareDriver.Options = new LaunchOptions { Checks = true };
        CudaStream[] streams = [.. Enumerable.Range(0, Streams).Select(i => Context.CreateStream(nonBlocking: isGraph || i > 0))];
        CudaEvent[] marks = [.. Enumerable.Range(0, Streams + 1).Select(_ => Context.CreateEvent(timing: false))];
        DeviceBuffer<int>[] buffers = [.. Enumerable.Range(0, Buffers).Select(i => Numbers([.. Enumerable.Range(0, 32).Select(x => x + i)]))];
        SoftwareDriver.Options = order;
        void Queue()
        {
            marks[^1].Record(streams[0]);
            for (int i = 1; i < Streams; i++)
                streams[i].Wait(marks[^1]);
            for (int i = 0; i < Operations; i++)
                Operation(random, streams, marks, buffers, isGraph);
            for (int i = 1; i < Streams; i++)
            {
                marks[i].Record(streams[i]);
                streams[0].Wait(marks[i]);
            }
        }
        if (isGraph)
        {
            using CudaGraph graph = streams[0].Capture(Queue);
            using ExecutableGraph executable = graph.Instantiate();
            executable.Launch(streams[0]);
            streams[0].Synchronize();
        }
        else
        {
            Queue();
            Context.Synchronize();
        }
        int[] data = [.. buffers.SelectMany(buffer => buffer.ToArray())];
        IDisposable[] all = [.. streams, .. marks, .. buffers];
        Array.ForEach(all, one => one.Dispose());
        return (data, TakeFindings().Any(finding => finding.Kind == FindingKind.StreamRace));
    }

    private void Operation(Random random, CudaStream[] streams, CudaEvent[] marks, DeviceBuffer<int>[] buffers, bool isGraph)
    {
        int which = random.Next(streams.Length), other = random.Next(streams.Length);
        CudaStream? stream = isGraph || random.Next(8) > 0 ? streams[which] : null;
        DeviceBuffer<int> to = buffers[random.Next(Buffers)], from = buffers[random.Next(Buffers)];
        int value = random.Next(100), choice = random.Next(isGraph ? 15 : 16);
        switch (choice)
        {
            case 0:
                to.FillAsync(value, stream);
                break;
            case 1 or 2 when to != from:
                to.CopyFromAsync(from, random.Next(16), 16, stream, random.Next(16));
                break;
            case 3 or 4 when to != from:
                Accumulate(from, to, stream);
                break;
            case 15:
                streams[other].Synchronize();
                break;
            default:
                marks[which].Record(streams[which]);
                streams[other].Wait(marks[which]);
                break;
        }
    }
}
