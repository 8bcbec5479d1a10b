namespace Sequoia.Native.Execution;

/// <summary>
/// A command queue: work that is put into one runs in order, and waits for no other queue. A device that works at once needs none of its own.
/// </summary>
internal class WorkQueue : IDisposable
{
    public virtual void Dispose()
    {
    }
}
