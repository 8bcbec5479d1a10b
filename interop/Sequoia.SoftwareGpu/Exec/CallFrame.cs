using Sequoia.SoftwareGpu.Lower;

namespace Sequoia.SoftwareGpu.Exec;

/// <summary>
/// A call that some lanes of a warp are in: the state that their caller needs again. In adversarial schedules the lanes return one by one, so none
/// of this changes when some have returned.
/// </summary>
internal sealed class CallFrame(CallFrame? caller, FlatCall site, CodeRegion callee, int returnPc, byte[] saved)
{
    public CallFrame? Caller { get; } = caller;

    public FlatCall Site { get; } = site;

    public CodeRegion Callee { get; } = callee;

    public int ReturnPc { get; } = returnPc;

    /// <summary>The caller's registers, stored one after the other.</summary>
    public byte[] Saved { get; } = saved;

    /// <summary>The lanes that executed the call instruction together and continue together after it.</summary>
    public uint Callers { get; init; }

    /// <summary>The subset of these lanes that is in this callee.</summary>
    public uint Called { get; init; }

    /// <summary>The subset of these lanes whose callee runs later.</summary>
    public uint Waiting { get; init; }

    /// <summary>The caller's lanes and its part of the divergence stack.</summary>
    public uint CallerHere { get; init; }

    public int CallerStackBase { get; init; }
}
