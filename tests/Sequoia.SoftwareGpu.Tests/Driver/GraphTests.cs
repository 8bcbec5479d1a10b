using Sequoia.Interop;

namespace Sequoia.SoftwareGpu.Tests.Driver;

public class GraphTests : DriverFixture
{
    [Test]
    public void A_captured_graph_runs_as_often_as_it_is_launched()
    {
        using CudaStream stream = Context.CreateStream();
        using DeviceBuffer<int> data = Numbers(0, 5);
        using CudaGraph graph = stream.Capture(() =>
        {
            Add(data, 1, stream);
            Add(data, 2, stream);
        });
        Assert.That(graph.NodeCount, Is.EqualTo(2));
        using ExecutableGraph executable = graph.Instantiate();
        Assert.That(data.ToArray(), Is.EqualTo(new[] { 0, 5 }), "a capture does nothing");
        for (int i = 0; i < 3; i++)
            executable.Launch(stream);
        stream.Synchronize();
        Assert.That(data.ToArray(), Is.EqualTo(new[] { 9, 14 }));
    }

    [Test]
    public void Streams_join_a_capture_by_its_events()
    {
        using CudaStream main = Context.CreateStream(), side = Context.CreateStream();
        using CudaEvent fork = Context.CreateEvent(timing: false), join = Context.CreateEvent(timing: false);
        using DeviceBuffer<int> left = Numbers(0), right = Numbers(0);
        using CudaGraph graph = main.Capture(() =>
        {
            fork.Record(main);
            side.Wait(fork);
            Add(left, 1, main);
            Add(right, 2, side);
            join.Record(side);
            main.Wait(join);
            Add(right, 3, main);
        });
        using ExecutableGraph executable = graph.Instantiate();
        executable.Launch(main);
        main.Synchronize();
        Assert.That((left.ToArray()[0], right.ToArray()[0]), Is.EqualTo((1, 5)));
    }

    [Test]
    public void A_stream_that_is_not_joined_again_is_an_error()
    {
        using CudaStream main = Context.CreateStream(), side = Context.CreateStream();
        using CudaEvent fork = Context.CreateEvent(timing: false);
        using DeviceBuffer<int> data = Numbers(0);
        Fails(CudaResult.StreamCaptureUnjoined, () => main.Capture(() =>
        {
            fork.Record(main);
            side.Wait(fork);
            Add(data, 1, side);
        }), "not waited for");
        // Both streams are of use again.
        Add(data, 1, side);
        side.Synchronize();
        Assert.That(data.ToArray()[0], Is.EqualTo(1));
    }

    [Test]
    public void An_update_takes_over_parameters_and_refuses_another_shape()
    {
        using CudaStream stream = Context.CreateStream();
        using DeviceBuffer<int> data = Numbers(0);
        using CudaGraph one = stream.Capture(() => Add(data, 1, stream)), ten = stream.Capture(() => Add(data, 10, stream));
        using CudaGraph two = stream.Capture(() =>
        {
            Add(data, 1, stream);
            Add(data, 1, stream);
        });
        using ExecutableGraph executable = one.Instantiate();
        Assert.That(executable.Update(ten), Is.EqualTo(GraphUpdateOutcome.Updated));
        Assert.That(executable.Update(two), Is.EqualTo(GraphUpdateOutcome.TopologyChanged));
        executable.Launch(stream);
        stream.Synchronize();
        Assert.That(data.ToArray()[0], Is.EqualTo(10));
    }

    [Test]
    public void Waiting_for_a_captured_stream_spoils_the_capture()
    {
        using CudaStream stream = Context.CreateStream();
        using DeviceBuffer<int> data = Numbers(0);
        Fails(CudaResult.StreamCaptureUnsupported, () => stream.Capture(stream.Synchronize), "captured");
        Fails(CudaResult.StreamCaptureImplicit, () => stream.Capture(() => Add(data, 1)), "captured");
    }

    /// <summary>Whoever copies through the legacy stream would wait for a blocking stream that is recorded, and for no other.</summary>
    [TestCase(false, ExpectedResult = CudaResult.StreamCaptureImplicit)]
    [TestCase(true, ExpectedResult = CudaResult.Success)]
    public CudaResult A_blocking_copy_beside_a_capture(bool nonBlocking)
    {
        using CudaStream stream = Context.CreateStream(nonBlocking);
        using DeviceBuffer<int> data = Numbers(0), other = Numbers(0);
        var result = CudaResult.Success;
        void CopyOnAnotherThread()
        {
            try
            {
                other.CopyFrom([1]);
            }
            catch (CudaException e)
            {
                result = e.Code;
            }
        }
        void Work()
        {
            var thread = new Thread(CopyOnAnotherThread);
            thread.Start();
            thread.Join();
        }
        if (nonBlocking)
            stream.Capture(Work).Dispose();
        else
            Fails(CudaResult.StreamCaptureInvalidated, () => stream.Capture(Work), "capture");
        return result;
    }
}
