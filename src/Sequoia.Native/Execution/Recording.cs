namespace Sequoia.Native.Execution;

/// <summary>A place for what a device has recorded of repeated work.</summary>
internal sealed class Recording
{
    /// <summary>Whether the work was done once, so that everything it needs is there.</summary>
    public bool IsWarm { get; set; }

    /// <summary>The device's own.</summary>
    public IDisposable? Replay { get; set; }

    /// <summary>The work will be another.</summary>
    public void Forget()
    {
        Replay?.Dispose();
        (Replay, IsWarm) = (null, false);
    }
}
