namespace Sequoia.Interop.Tests.Driver;

/// <summary>Capture, instantiate, launch, update; and events between streams.</summary>
internal sealed class GraphTests
{
    [Test]
    public void A_captured_graph_is_launched_and_updated()
    {
        CudaDriver driver = FakeDriver.Reset();
        using (CudaContext context = CudaContext.Create(driver.Devices[0]))
        {
            using CudaStream stream = context.CreateStream();
            using CudaGraph graph = stream.Capture(() => { });
            using ExecutableGraph executable = graph.Instantiate();
            executable.Launch(stream);
            Assert.That(graph.NodeCount, Is.EqualTo(3));
            Assert.That(executable.Update(graph), Is.EqualTo(GraphUpdateOutcome.Updated));
            FakeDriver.Fail("cuGraphExecUpdate_v2", CudaResult.GraphExecUpdateFailure);
            Assert.That(executable.Update(graph), Is.EqualTo(GraphUpdateOutcome.TopologyChanged));
            FakeDriver.Fail("cuGraphExecUpdate_v2", CudaResult.InvalidHandle);
            Assert.That(() => executable.Update(graph), Throws.TypeOf<CudaException>());
        }
        Assert.That(FakeDriver.Live, Is.Empty);
    }

    [Test]
    public void An_error_during_capture_ends_the_capture_and_reaches_the_caller()
    {
        CudaDriver driver = FakeDriver.Reset();
        using CudaContext context = CudaContext.Create(driver.Devices[0]);
        using CudaStream stream = context.CreateStream();
        Assert.That(() => stream.Capture(() => throw new InvalidOperationException("mine")), Throws.InvalidOperationException.With.Message.EqualTo("mine"));
        Assert.That(FakeDriver.Calls, Does.Contain("cuStreamEndCapture").And.Contain("cuGraphDestroy"));
        Assert.That(FakeDriver.Live, Does.Not.Contain("graph"));
    }

    [Test]
    public void Events_mark_wait_and_measure()
    {
        CudaDriver driver = FakeDriver.Reset();
        using CudaContext context = CudaContext.Create(driver.Devices[0]);
        using CudaStream stream = context.CreateStream();
        using CudaEvent start = context.CreateEvent(), end = context.CreateEvent();
        start.Record(stream);
        stream.Wait(start);
        end.Record();
        Assert.That(CudaEvent.Elapsed(start, end), Is.EqualTo(TimeSpan.FromMicroseconds(1500)));
        Assert.That(end.HasHappened);
        FakeDriver.Fail("cuEventQuery", CudaResult.NotReady);
        Assert.That(end.HasHappened, Is.False);
        FakeDriver.Fail("cuStreamQuery", CudaResult.NotReady);
        Assert.That(stream.IsIdle, Is.False);
        FakeDriver.Fail("cuStreamQuery", CudaResult.LaunchFailed);
        Assert.That(() => stream.IsIdle, Throws.TypeOf<CudaException>().With.Property("IsSticky").True);
    }
}
