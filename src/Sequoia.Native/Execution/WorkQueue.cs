namespace Sequoia.Native.Execution;

/// <summary>
/// A line of work on a device, of one sequence: what a thread asks backends of the device for while it is in it comes in order there, and waits for
/// no other line. A device that does at once what it is asked for needs none.
/// </summary>
internal class WorkQueue : IDisposable
{
    /// <summary>The calling thread is in the queue until the result is disposed of.</summary>
    public Stay Enter()
    {
        Begin();
        return new Stay(this);
    }

    public virtual void Dispose()
    {
    }

    protected virtual void Begin()
    {
    }

    protected virtual void End()
    {
    }

    public readonly ref struct Stay(WorkQueue queue)
    {
        public void Dispose() => queue.End();
    }
}
