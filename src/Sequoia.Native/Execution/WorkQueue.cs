namespace Sequoia.Native.Execution;

/// <summary>
/// A line of work on a device, of one sequence: what a thread asks backends of the device for between <see cref="Enter"/> and <see cref="Leave"/> comes in
/// order there, and waits for no other line. A device that does at once what it is asked for needs none.
/// </summary>
internal class WorkQueue : IDisposable
{
    public virtual void Enter()
    {
    }

    public virtual void Leave()
    {
    }

    public virtual void Dispose()
    {
    }
}
