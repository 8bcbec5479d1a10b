using Sequoia.SoftwareGpu.Lower;

namespace Sequoia.SoftwareGpu.Exec;

/// <summary>
/// A call that some lanes of a warp are in: what their caller needs again. In adversarial schedules the lanes return one
/// by one, so nothing of this changes when some have.
/// </summary>
internal sealed class CallFrame(CallFrame? caller, FlatCall site, CodeRegion callee, int returnPc, byte[] saved)
{
    public CallFrame? Caller { get; } = caller;

    public FlatCall Site { get; } = site;

    public CodeRegion Callee { get; } = callee;

    public int ReturnPc { get; } = returnPc;

    /// <summary>The caller's registers, one after the other.</summary>
    public byte[] Saved { get; } = saved;

    /// <summary>The lanes that executed the call instruction together, and go on together behind it.</summary>
    public uint Callers { get; init; }

    /// <summary>Those of them that are in this callee.</summary>
    public uint Called { get; init; }

    /// <summary>Those of them whose own callee comes later.</summary>
    public uint Waiting { get; init; }

    /// <summary>The caller's lanes, and its part of the stack of diverged lanes.</summary>
    public uint CallerHere { get; init; }

    public int CallerStackBase { get; init; }
}
