namespace Sequoia.Interop;

/// <summary>Which unsafe calls a capture forbids (CUstreamCaptureMode).</summary>
public enum CaptureMode
{
    /// <summary>Those of any thread that began no capture of its own.</summary>
    Global = 0,

    /// <summary>Those of the capturing thread.</summary>
    ThreadLocal = 1,

    /// <summary>None.</summary>
    Relaxed = 2,
}
