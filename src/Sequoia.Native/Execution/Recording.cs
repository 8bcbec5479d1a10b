namespace Sequoia.Native.Execution;

/// <summary>A place for what a device has recorded of repeated work.</summary>
internal sealed class Recording
{
    /// <summary>The device's own.</summary>
    public IDisposable? Replay { get; set; }

    /// <summary>The work will be another.</summary>
    public void Forget()
    {
        Replay?.Dispose();
        Replay = null;
    }
}
