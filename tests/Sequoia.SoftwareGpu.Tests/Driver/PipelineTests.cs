using Sequoia.Interop;

namespace Sequoia.SoftwareGpu.Tests.Driver;

/// <summary>
/// Chunks that stream through a ring of two slots, as weights do: the copies wait for the kernels that drain a slot, the kernels for the copies that fill
/// it. In one graph and without one, in every order, and with each wait left out in turn.
/// </summary>
public sealed class PipelineTests : StreamFixture
{
    private const int Chunks = 7, Slots = 2, Elements = 32;
    private const int Sum = Chunks * (Chunks + 1) / 2;
    private const int Seeds = 60;

    /// <summary>The waits of the pipeline, by name, without those that fork.</summary>
    private static IEnumerable<string> Waits =>
    [
        .. Enumerable.Range(Slots, Chunks - Slots).Select(chunk => $"drained {chunk - Slots}"), .. Enumerable.Range(0, Chunks).Select(chunk => $"filled {chunk}"), "end",
    ];

    private static LaunchOptions[] Orders(int seeds) =>
    [
        new() { Checks = true },
        new() { Checks = true, StreamOrder = StreamOrder.EarlyCopies },
        new() { Checks = true, StreamOrder = StreamOrder.LateCopies },
        .. Enumerable.Range(1, seeds).Select(seed => new LaunchOptions { Checks = true, StreamOrder = StreamOrder.Random, Seed = (ulong)seed }),
    ];

    [Test]
    public void Every_order_gives_the_same_sums_and_no_finding([Values] bool isGraph)
    {
        using var pipeline = new Pipeline(this, without: "");
        foreach (LaunchOptions order in Orders(Seeds))
        {
            Assert.That(pipeline.Run(isGraph, order), Is.All.EqualTo(Sum), $"{order.StreamOrder}, seed {order.Seed}");
            Assert.That(TakeFindings(), Is.Empty, $"{order.StreamOrder}, seed {order.Seed}");
        }
    }

    [Test]
    public void A_missing_wait_is_found_in_every_order_and_wrong_in_one([Values] bool isGraph, [ValueSource(nameof(Waits))] string wait)
    {
        using var pipeline = new Pipeline(this, wait);
        bool isWrong = false;
        foreach (LaunchOptions order in Orders(seeds: 8))
        {
            string where = $"without '{wait}': {order.StreamOrder}, seed {order.Seed}";
            try
            {
                isWrong |= pipeline.Run(isGraph, order).Any(sum => sum != Sum);
            }
            catch (CudaException e) when (e.Code == CudaResult.StreamCaptureUnjoined)
            {
                // A wait that joins a stream again. Nothing ran.
                Assert.That(isGraph && (wait == "end" || wait == $"filled {Chunks - 1}"), where);
                return;
            }
            Assert.That(TakeFindings().Select(finding => finding.Kind), Has.Some.EqualTo(FindingKind.StreamRace), where);
        }
        Assert.That(isWrong, "some order must give wrong sums");
    }

    [Test]
    public void A_finding_names_both_pieces_of_work_and_the_bytes()
    {
        using var pipeline = new Pipeline(this, "drained 0");
        pipeline.Run(isGraph: true, new LaunchOptions { Checks = true });
        string[] findings = [.. TakeFindings().Select(finding => finding.ToString())];
        // Fill, fill, then a copy and a kernel of each chunk: the copy of chunk 2 meets the kernel of chunk 0.
        Assert.That(findings, Has.Length.EqualTo(1));
        Assert.That(
            findings[0],
            Does.Match(
                @"^StreamRace: copy of 128 bytes from 0x[0-9a-f]+ to 0x[0-9a-f]+ \(node 6 of the graph\) writes 128 bytes at 0x[0-9a-f]+, which kernel accumulate "
                + @"\(node 3 of the graph\) reads, and neither waits for the other; the address is at offset 0 of allocation \d+ \(256 bytes\)\.$"));
    }

    [Test]
    public void Nothing_is_found_without_checks()
    {
        using var pipeline = new Pipeline(this, "drained 0");
        pipeline.Run(isGraph: true, new LaunchOptions());
        Assert.That(TakeFindings(), Is.Empty);
    }

    private sealed unsafe class Pipeline : IDisposable
    {
        private readonly PipelineTests _tests;
        private readonly string _without;
        private readonly CudaStream _main, _copies, _kernels;
        private readonly PinnedBuffer<int> _store, _result;
        private readonly DeviceBuffer<int> _ring, _sums;
        private readonly DeviceBuffer<int>[] _slots;
        private readonly CudaEvent _begun, _ended;
        private readonly CudaEvent[] _filled, _drained;

        public Pipeline(PipelineTests tests, string without)
        {
            (_tests, _without) = (tests, without);
            CudaContext context = tests.Context;
            (_main, _copies, _kernels) = (context.CreateStream(nonBlocking: true), context.CreateStream(nonBlocking: true), context.CreateStream(nonBlocking: true));
            (_store, _result) = (context.AllocatePinned<int>(Chunks * Elements), context.AllocatePinned<int>(Elements));
            (_ring, _sums) = (context.Allocate<int>(Slots * Elements), context.Allocate<int>(Elements));
            _slots = [.. Enumerable.Range(0, Slots).Select(slot => context.Wrap<int>(_ring.Handle + (slot * Elements * sizeof(int)), Elements))];
            (_begun, _ended) = (context.CreateEvent(timing: false), context.CreateEvent(timing: false));
            _filled = [.. Enumerable.Range(0, Chunks).Select(_ => context.CreateEvent(timing: false))];
            _drained = [.. Enumerable.Range(0, Chunks).Select(_ => context.CreateEvent(timing: false))];
            for (int i = 0; i < Chunks * Elements; i++)
                _store.Span[i] = 1 + (i / Elements);
        }

        public int[] Run(bool isGraph, LaunchOptions order)
        {
            SoftwareDriver.Options = order;
            if (isGraph)
            {
                using CudaGraph graph = _main.Capture(Queue);
                using ExecutableGraph executable = graph.Instantiate();
                executable.Launch(_main);
                _main.Synchronize();
            }
            else
            {
                Queue();
                _main.Synchronize();
            }
            int[] result = _result.Span.ToArray();
            // Without the last wait, something may be left.
            _tests.Context.Synchronize();
            return result;
        }

        public void Dispose()
        {
            IDisposable[] all = [.. _slots, _ring, _sums, _store, _result, _begun, _ended, .. _filled, .. _drained, _main, _copies, _kernels];
            Array.ForEach(all, one => one.Dispose());
        }

        private void Queue()
        {
            _ring.FillAsync(0, _main);
            _sums.FillAsync(0, _main);
            _begun.Record(_main);
            _copies.Wait(_begun);
            _kernels.Wait(_begun);
            for (int chunk = 0; chunk < Chunks; chunk++)
            {
                if (chunk >= Slots)
                    Wait(_copies, _drained[chunk - Slots], $"drained {chunk - Slots}");
                var copy = new StridedCopy(Elements, 1, 1, new StridedLayout(chunk * Elements, Elements), new StridedLayout(chunk % Slots * Elements, Elements));
                _ring.CopyFromAsync(_store, copy, _copies);
                _filled[chunk].Record(_copies);
                Wait(_kernels, _filled[chunk], $"filled {chunk}");
                _tests.Accumulate(_slots[chunk % Slots], _sums, _kernels);
                _drained[chunk].Record(_kernels);
            }
            _ended.Record(_kernels);
            Wait(_main, _ended, "end");
            _sums.CopyToAsync(_result, _main);
        }

        private void Wait(CudaStream stream, CudaEvent mark, string name)
        {
            if (name != _without)
                stream.Wait(mark);
        }
    }
}
