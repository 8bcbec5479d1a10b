using Sequoia.Interop;

namespace Sequoia.SoftwareGpu.Tests.Driver;

/// <summary>What orders work of several streams, and what does not.</summary>
public sealed unsafe class StreamRaceTests : StreamFixture
{
    private CudaStream _first = null!, _second = null!;
    private CudaEvent _mark = null!;
    private DeviceBuffer<int> _data = null!, _sums = null!, _other = null!;

    [SetUp]
    public void Make()
    {
        (_first, _second) = (Context.CreateStream(nonBlocking: true), Context.CreateStream(nonBlocking: true));
        _mark = Context.CreateEvent();
        (_data, _sums, _other) = (Numbers(new int[32]), Numbers(new int[32]), Numbers(0));
    }

    [TearDown]
    public void Unmake()
    {
        _first.Dispose();
        _second.Dispose();
        _mark.Dispose();
        _data.Dispose();
        _sums.Dispose();
        _other.Dispose();
    }

    /// <summary>Ways to order a kernel in the second stream behind a fill in the first one, and ways that only seem to.</summary>
    [TestCase("nothing", true)]
    [TestCase("event", false)]
    [TestCase("event before the fill", true)]
    [TestCase("event that is recorded again behind the wait", false)]
    [TestCase("third stream", false)]
    [TestCase("host waits for the stream", false)]
    [TestCase("host waits for the event", false)]
    [TestCase("host waits for all", false)]
    [TestCase("host waits for the other stream", true)]
    [TestCase("host polls the stream", false)]
    [TestCase("host polls the event", false)]
    [TestCase("host frees memory", false)]
    [TestCase("host waits too late", true)]
    [TestCase("blocking copy of other memory", true)]
    public void Order_comes_from_streams_events_and_waits(string how, bool isRace)
    {
        int asked = 0;
        if (how == "event before the fill")
            _mark.Record(_first);
        if (how == "host waits too late")
            Accumulate(_data, _sums, _second);
        _data.FillAsync(1, _first);
        switch (how)
        {
            case "event":
                _mark.Record(_first);
                _second.Wait(_mark);
                break;
            case "event before the fill":
                _second.Wait(_mark);
                break;
            case "event that is recorded again behind the wait":
                _mark.Record(_first);
                _second.Wait(_mark);
                _mark.Record(_second);
                break;
            case "third stream":
                using (CudaStream third = Context.CreateStream(nonBlocking: true))
                {
                    _mark.Record(_first);
                    third.Wait(_mark);
                    _mark.Record(third);
                    _second.Wait(_mark);
                }
                break;
            case "host waits for the stream" or "host waits too late":
                _first.Synchronize();
                break;
            case "host waits for the event":
                _mark.Record(_first);
                _mark.Synchronize();
                break;
            case "host waits for all":
                Context.Synchronize();
                break;
            case "host waits for the other stream":
                _second.Synchronize();
                break;
            case "host polls the stream":
                while (!_first.IsIdle)
                    asked++;
                break;
            case "host polls the event":
                _mark.Record(_first);
                while (!_mark.HasHappened)
                    asked++;
                break;
            case "host frees memory":
                Context.Allocate<int>(1).Dispose();
                break;
            case "blocking copy of other memory":
                _other.CopyFrom([1]);
                break;
        }
        if (how is not "host waits too late")
            Accumulate(_data, _sums, _second);
        Context.Synchronize();
        Assert.That(TakeFindings().Any(finding => finding.Kind == FindingKind.StreamRace), Is.EqualTo(isRace));
    }

    [Test]
    public void The_default_stream_and_blocking_streams_are_ordered_and_others_are_not([Values] bool nonBlocking)
    {
        using CudaStream stream = Context.CreateStream(nonBlocking);
        _data.FillAsync(1);
        Accumulate(_data, _sums, stream);
        _data.FillAsync(2);
        Context.Synchronize();
        Assert.That(TakeFindings().Any(finding => finding.Kind == FindingKind.StreamRace), Is.EqualTo(nonBlocking));
    }

    [Test]
    public void A_blocking_copy_does_not_wait_for_other_streams()
    {
        _data.FillAsync(1, _first);
        _data.ToArray();
        Context.Synchronize();
        Assert.That(TakeFindings().Single().ToString(), Does.Contain("blocking copy"));
        _data.FillAsync(1, _first);
        _first.Synchronize();
        _data.ToArray();
        Assert.That(TakeFindings(), Is.Empty);
    }

    [Test]
    public void Launches_of_one_graph_follow_each_other_in_all_streams()
    {
        using CudaGraph graph = _first.Capture(() => Accumulate(_data, _sums, _first));
        using ExecutableGraph executable = graph.Instantiate();
        _data.FillAsync(1, _first);
        executable.Launch(_first);
        executable.Launch(_second);
        _second.Synchronize();
        Assert.That(_sums.ToArray(), Is.All.EqualTo(2));
        Assert.That(TakeFindings(), Is.Empty);
    }

    [Test]
    public void A_graph_meets_work_of_other_streams_by_its_launch([Values] bool waits)
    {
        using CudaGraph graph = _first.Capture(() => Accumulate(_data, _sums, _first));
        using ExecutableGraph executable = graph.Instantiate();
        executable.Launch(_first);
        if (waits)
        {
            _mark.Record(_first);
            _second.Wait(_mark);
        }
        _data.FillAsync(1, _second);
        Context.Synchronize();
        string[] findings = [.. TakeFindings().Select(finding => finding.ToString())];
        Assert.That(findings, Has.Length.EqualTo(waits ? 0 : 1));
        if (!waits)
            Assert.That(findings[0], Does.Contain("kernel accumulate").And.Contain("fill of 128 bytes").And.Contain("node 0 of the graph").And.Contain("of stream"));
    }

    [Test]
    public void Reads_do_not_race_nor_do_atomics_but_each_does_with_a_write()
    {
        using DeviceBuffer<int> counter = Numbers(0), others = Numbers(new int[32]);
        Accumulate(_data, _sums, _first);
        Accumulate(_data, others, _second);
        Count(counter, _first);
        Count(counter, _second);
        Context.Synchronize();
        Assert.That(TakeFindings(), Is.Empty);
        Assert.That(counter.ToArray()[0], Is.EqualTo(64));
        Count(counter, _first);
        counter.FillAsync(0, _second);
        Context.Synchronize();
        Assert.That(TakeFindings().Single().Message, Does.Contain("updates"));
        using PinnedBuffer<int> seen = Context.AllocatePinned<int>(1);
        Count(counter, _first);
        counter.CopyToAsync(seen, _second);
        Context.Synchronize();
        Assert.That(TakeFindings().Single().Message, Does.Contain("updates").And.Contain("reads 4 bytes"));
    }

    /// <summary>Neighbors that share a word are no race; one byte in common is.</summary>
    [TestCase(5, 5, 0)]
    [TestCase(6, 5, 1)]
    [TestCase(8, 2, 6)]
    public void Bytes_are_exact(int length, int start, int common)
    {
        using DeviceBuffer<byte> data = Context.Upload<byte>(new byte[16]);
        using PinnedBuffer<byte> source = Context.AllocatePinned<byte>(16);
        data.CopyFromAsync(source, length, _first);
        data.CopyFromAsync(source, 8, _second, start);
        Context.Synchronize();
        Finding[] findings = TakeFindings();
        Assert.That(findings, Has.Length.EqualTo(common == 0 ? 0 : 1));
        if (common > 0)
            Assert.That(findings[0].Message, Does.Contain($"writes {common} bytes").And.Contain($"at offset {start} of allocation"));
    }

    /// <summary>The marks of kernels are ranges afterwards: against a plain loop, at random places.</summary>
    [Test]
    public void A_kernels_bytes_are_exact()
    {
        const int Elements = 4096;
        using CudaModule module = Load("""
            .version 8.0
            .target sm_80
            .address_size 64
            .visible .entry scatter(.param .u64 places, .param .u64 data)
            {
                .reg .b16 %h;
                .reg .b32 %r<3>;
                .reg .b64 %d<6>;
                ld.param.u64 %d1, [places];
                ld.param.u64 %d2, [data];
                mov.u32 %r1, %tid.x;
                mul.wide.u32 %d3, %r1, 4;
                add.s64 %d4, %d1, %d3;
                ld.global.u32 %r2, [%d4];
                cvt.u64.u32 %d3, %r2;
                add.s64 %d5, %d2, %d3;
                mov.u16 %h, 1;
                st.global.u8 [%d5], %h;
                ret;
            }
            """);
        var random = new Random(3);
        using DeviceBuffer<byte> data = Context.Upload<byte>(new byte[Elements]);
        using PinnedBuffer<byte> seen = Context.AllocatePinned<byte>(Elements);
        for (int round = 0; round < 40; round++)
        {
            int spread = random.Next(1, Elements), first = random.Next(Elements - spread + 1);
            int[] places = [.. Enumerable.Range(0, 64).Select(_ => first + random.Next(spread))];
            using DeviceBuffer<int> given = Numbers(places);
            for (int from = 0; from < Elements; from += 512)
            {
                module["scatter"].Launch(1, 64, 0, _first, given, data);
                data.CopyFromAsync(seen, new StridedCopy(512, 1, 1, default, new StridedLayout(from, 512)), _second);
                Context.Synchronize();
                Finding[] findings = TakeFindings();
                int[] hit = [.. places.Where(place => place >= from && place < from + 512).Order()];
                Assert.That(findings, Has.Length.EqualTo(hit.Length == 0 ? 0 : 1), $"round {round}, from {from}");
                if (hit.Length > 0)
                {
                    int run = 1;
                    while (hit.Contains(hit[0] + run))
                        run++;
                    Assert.That(findings[0].Message, Does.Contain($"{run} bytes at").And.Contain($"at offset {hit[0]} of"));
                }
            }
        }
    }

    /// <summary>
    /// A dependent kernel may not read early what the kernel before it in its stream writes, whatever runs in other streams in between; what an event
    /// orders it may.
    /// </summary>
    [TestCase(true, true)]
    [TestCase(true, false)]
    [TestCase(false, true)]
    [TestCase(false, false)]
    public void Early_accesses_are_those_of_one_stream(bool isCaptured, bool isSameStream)
    {
        using CudaModule module = Load("""
            .version 8.0
            .target sm_90
            .address_size 64
            .visible .entry early(.param .u64 from, .param .u64 to)
            {
                .reg .b32 %r;
                .reg .b64 %d<3>;
                ld.param.u64 %d1, [from];
                ld.param.u64 %d2, [to];
                ld.global.u32 %r, [%d1];
                griddepcontrol.wait;
                st.global.u32 [%d2], %r;
                ret;
            }
            """);
        using PinnedBuffer<int> source = Context.AllocatePinned<int>(1);
        void Queue()
        {
            _mark.Record(_first);
            _second.Wait(_mark);
            CudaStream writer = isSameStream ? _first : _second;
            module["early"].LaunchDependent(1, 1, 0, _first, _other, _data);
            Accumulate(_data, _sums, writer);
            _mark.Record(_second);
            if (!isSameStream)
                _first.Wait(_mark);
            // Of another stream, and between the two in the order of the calls.
            _other.CopyFromAsync(source, _second);
            module["early"].LaunchDependent(1, 1, 0, _first, _sums, _data);
            _mark.Record(_second);
            _first.Wait(_mark);
        }
        if (isCaptured)
        {
            using CudaGraph graph = _first.Capture(Queue);
            using ExecutableGraph executable = graph.Instantiate();
            executable.Launch(_first);
        }
        else
        {
            Queue();
        }
        Context.Synchronize();
        Assert.That(TakeFindings().Any(finding => finding.Kind == FindingKind.EarlyAccess), Is.EqualTo(isSameStream));
    }

    [Test]
    public void A_captured_stream_waits_for_nothing_outside_its_capture()
    {
        _mark.Record(_second);
        Fails(CudaResult.StreamCaptureIsolation, () => _first.Capture(() => _first.Wait(_mark)), "capture");
        Fails(CudaResult.StreamCaptureInvalidated, () => _first.Capture(() => Ignore(() => _first.Wait(_mark))), "cannot be captured");
        _first.Capture(() => _mark.Record(_first)).Dispose();
        Fails(CudaResult.CapturedEvent, () => _second.Wait(_mark), "captured");
        Fails(CudaResult.StreamCaptureIsolation, () => _first.Capture(() => _first.Wait(_mark)), "capture");
        // Both streams are of use, and so is the event.
        _mark.Record(_first);
        _second.Wait(_mark);
        _second.Synchronize();
    }

    [Test]
    public void Two_captures_do_not_merge_and_the_default_stream_joins_none()
    {
        Fails(CudaResult.StreamCaptureInvalidated, () => _first.Capture(() =>
        {
            _mark.Record(_first);
            Fails(CudaResult.StreamCaptureMerge, () => _second.Capture(() => _second.Wait(_mark)), "capture");
        }), "cannot be captured");
        SoftwareDriver.Table.cuCtxPushCurrent_v2(Context.Handle);
        Fails(CudaResult.StreamCaptureInvalidated, () => _first.Capture(() =>
        {
            _mark.Record(_first);
            Assert.That(SoftwareDriver.Table.cuStreamWaitEvent(0, _mark.Handle, 0), Is.EqualTo(CudaResult.StreamCaptureImplicit));
        }), "cannot be captured");
    }

    [Test]
    public void Streams_that_come_and_go_race_only_while_nobody_waited()
    {
        for (int i = 0; i < 8; i++)
        {
            using CudaStream stream = Context.CreateStream(nonBlocking: true);
            _data.FillAsync(i, stream);
            if (i % 2 == 1)
                stream.Synchronize();
        }
        // Nobody waits for the fills of even number, which race with all later ones.
        Assert.That(TakeFindings(), Has.Length.EqualTo(7 + 5 + 3 + 1));
    }

    [Test]
    public void Waiting_for_all_includes_streams_that_are_gone()
    {
        using (CudaStream stream = Context.CreateStream(nonBlocking: true))
            _data.FillAsync(1, stream);
        Context.Synchronize();
        _data.FillAsync(2, _first);
        using (CudaStream blocking = Context.CreateStream())
            _other.FillAsync(1, blocking);
        _other.FillAsync(2);
        Context.Synchronize();
        Assert.That(TakeFindings(), Is.Empty);
    }

    private static void Ignore(Action call)
    {
        try
        {
            call();
        }
        catch (CudaException)
        {
            // The capture must be of no use even if its caller does not look.
        }
    }
}
